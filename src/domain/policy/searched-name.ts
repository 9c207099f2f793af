/** A name as a search or a campaign asks for it. */
import { parseGeneralName } from '../x509/general-name.ts';

/** As certificates have it: DNS names in lower case, addresses in one form; `*.suffix` reads as a wildcard does. Undefined for what none has. */
export const searchedName = (text: string): string | undefined => parseGeneralName(text)?.value;

/** What such a name must be, behind its field. */
export const searchedNameRule = 'must be a DNS name, an IP address, a URI, an e-mail address, or *.suffix';
