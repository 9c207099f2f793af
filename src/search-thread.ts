/** The composition root of the search thread: the inventory's searches, with the text that the faces make of records. */
import { serveSearches } from './adapters/inventory-sqlite/serve-searches.ts';
import { renderers } from './faces/http/certificate-text.ts';

serveSearches(renderers);
