/** Set up before every test file: the threads that tests start find their modules in a compile cache, as users' threads do. */
import { enableCompileCache } from 'node:module';

// Without it each of hundreds of threads strips the types of some sixty modules anew.
enableCompileCache();
