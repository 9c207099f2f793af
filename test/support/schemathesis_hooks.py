"""Tells schemathesis what JSON Schema cannot say of our interface; loaded by schemathesis.ts."""

import json
import os

import schemathesis

# Serial and operator that the judge itself acts as, and others to hurt in their place: it must not saw off its own branch.
STAND_INS = json.loads(os.environ["PRIVYSEAL_TEST_STAND_INS"])

AUTHENTICATED_BY_TLS = os.environ["PRIVYSEAL_TEST_AUTHENTICATED_BY_TLS"] == "true"

# Refusals of values whose rules no schema can state. Any other `malformed` for a request that fits its schema is a failure.
BEYOND_SCHEMAS = {
    "code",  # of audit events is one that the service knows; there are more with each version
    "cursor",  # is opaque and authenticated: only the service can make one
    "environment",  # as a filter names one that there is
    "invalidityDate",  # must not lie in the future
    "kind",  # of audit events is one that the service knows; there are more with each version
    "name",  # as a filter is one that a certificate may have
    "product",  # as a filter names one that there is or was
    "servedSerial",  # of a proof is that of the very certificate; no serial is zero
}


@schemathesis.hook
def before_call(context, case, kwargs):
    for name, value in (case.path_parameters or {}).items():
        if value in STAND_INS:
            case.path_parameters[name] = STAND_INS[value]
    # A CSR in JSON takes nothing from the query, one in any other form does: OpenAPI cannot tie the one to the other.
    if case.media_type == "application/json" and case.operation.path.startswith("/v1/certificates"):
        if case.operation.method.upper() == "POST" and is_positive(case) and case.query:
            case.query.clear()


@schemathesis.hook
def filter_failure(context, failure, case, response):
    kind = type(failure).__name__
    if kind == "IgnoredAuth":
        # The judge can leave out a header, not the certificate of its connection; and whoever fails too often is refused with 429.
        return not AUTHENTICATED_BY_TLS and response.status_code != 429
    if kind != "RejectedPositiveData" or response.status_code != 400:
        return True
    # Policy may refuse what a schema admits, with a code of its own; only `malformed` claims that the schema was broken.
    problem = response.json()
    if not problem["type"].endswith("/malformed"):
        return False
    reasons = problem.get("reasons", [])
    return not reasons or not all(is_beyond_schemas(reason) for reason in reasons)


def is_beyond_schemas(reason):
    # Filters that nothing can meet together, each of them good by itself.
    return reason["code"] == "contradictoryFilters" or reason.get("field") in BEYOND_SCHEMAS


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.value == "positive"


@schemathesis.serializer("application/pkcs10", "application/x-pem-file", "application/ocsp-request")
def as_it_is(context, value):
    """Any octets may be sent as these: whether they are DER or PEM is for the service to find out."""
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", errors="surrogatepass")
