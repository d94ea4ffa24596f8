"""What is published as FHIR, held against the models of fhir.resources."""

import json
from collections import Counter

from fhir.resources.R4B.bundle import Bundle

from rorbridge.lookalike.dataset import generate
from rorbridge.orientation.candidate import join
from rorbridge.orientation.fhirbundle import bundle
from rorbridge.orientation.match import Verdict
from rorbridge.orientation.policy import Audience
from tests.support.fhir import searchset


def test_a_result_as_a_fhir_bundle_is_valid_fhir() -> None:
    data = generate(300, seed=5)
    resources = [
        *data.healthcare_services.values(),
        *data.locations.values(),
        *data.organizations.values(),
        *data.practitioners.values(),
        *data.practitioner_roles.values(),
    ]
    invented = [one for one in resources if "exemple" not in one["id"] and one["id"] != "1234564"]
    for audience in (Audience(), Audience(3, sensitive_units=True)):
        found = searchset(*invented)
        kept = [Verdict(candidate, None) for candidate in join(found)]
        answer = bundle(kept, len(kept), found, audience, Counter())
        assert len(answer["entry"]) > 500
        Bundle.model_validate_json(json.dumps(answer))
