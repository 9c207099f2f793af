/** An operator has a product's certificate followed by its successor, with a CSR that the product made. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { createAdmission } from '../arrival/admission.ts';
import { operatorSecurity } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { addCsrParsers } from '../routes/csr-body.ts';
import { addRotateRoute } from '../routes/rotate-route.ts';

export function addOperatorRotateRoute(face: Face, deps: FaceDeps, mayRotate: onRequestAsyncHookHandler[]): void {
  const admit = createAdmission(deps.limits.submitsInFlight);
  const who = 'By an operator, for the product that made the key.';
  // A scope of its own: only this route reads CSRs that are not JSON.
  face.register(async (scope: Face) => {
    addCsrParsers(scope);
    addRotateRoute(scope, { ...deps, admit, mayRotate, security: operatorSecurity, who });
  });
}
