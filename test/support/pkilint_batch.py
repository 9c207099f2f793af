"""Lints many certificates, CRLs and OCSP responses with pkilint in one interpreter.

Reads lines `kind:path` from standard input (kinds: certificate, crl, ocsp); writes one JSON list of findings for each.
The validators are those of pkilint's own lint_pkix_cert, lint_crl (-t CRL -p PKIX) and lint_ocsp_response.
"""

import json
import sys

from pkilint import loader, pkix
from pkilint.pkix import certificate, crl, extension, name, ocsp


def certificate_validator():
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
        ),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


def crl_validator():
    return crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )


def ocsp_validator():
    return ocsp.create_pkix_ocsp_response_validator_container(
        [
            ocsp.create_response_decoder(),
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [],
    )


KINDS = {
    "certificate": (loader.load_certificate, certificate_validator),
    "crl": (loader.load_crl, crl_validator),
    "ocsp": (loader.load_ocsp_response, ocsp_validator),
}


def lint(kind, path):
    load, make_validator = KINDS[kind]
    with open(path, "rb") as file:
        try:
            document = load(file.read(), path)
        except Exception as error:  # not even this kind of document: the worst of findings
            return [{"severity": "FATAL", "code": "unreadable", "node": "", "message": str(error)}]
    # A validator keeps state while it walks one document, so each document gets its own.
    return [
        {
            "severity": found.finding.severity.name,
            "code": found.finding.code,
            "node": result.node.path,
            "message": found.message,
        }
        for result in make_validator().validate(document.root)
        for found in result.finding_descriptions
    ]


print(json.dumps([lint(*line.split(":", 1)) for line in sys.stdin.read().splitlines()]))
