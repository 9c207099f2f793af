/** Entry of the search thread where nobody asks for text. */
import { serveSearches } from './serve-searches.ts';

serveSearches({});
