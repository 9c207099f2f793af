/** The composition root of the search thread: the inventory's searches, with the text that the faces make of records. */
import { serveSearches } from './adapters/inventory-sqlite/search/serve-searches.ts';
import { renderers } from './faces/http/json/certificate-text.ts';

serveSearches(renderers);
