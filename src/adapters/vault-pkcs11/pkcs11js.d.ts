/** The package as far as it is used here: types that hold also where it could not be compiled and is not installed. */
declare module 'pkcs11js' {
  const pkcs11js: { readonly PKCS11: new () => import('./cryptoki.ts').Cryptoki };
  export default pkcs11js;
}
