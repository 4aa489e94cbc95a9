"""What a passage weighs, told in the features that the model was made from and in the shorter way it is used."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.trust.concepts import Mention
from triage.trust.directive import THRESHOLD, features, passages, strongest, weight, weights

CONCEPTS = sorted({name for feature in weights() for name in feature.replace(">", "+").split("+")} - {"bias", "other"})
MENTIONS = st.lists(
    st.builds(
        lambda place, concept: Mention(place, concept, (6 * place, 6 * place + 5)),
        *(
            st.integers(0, 30),
            st.sampled_from(CONCEPTS),
        ),
    ),
    max_size=12,
).map(sorted)


@given(MENTIONS)
def test_a_passage_weighs_as_much_as_its_features(found: list[Mention]) -> None:
    for passage in passages(found):
        told = sum(weights().get(name, 0.0) * value for name, value in features(passage).items())
        assert weight(passage) == pytest.approx(told, abs=1e-9)


@given(MENTIONS)
def test_what_is_left_out_because_it_is_too_light_is_too_light(found: list[Mention]) -> None:
    whole, some = strongest(found), strongest(found, THRESHOLD)
    if (whole[0] if whole else -math.inf) >= THRESHOLD:
        assert some == whole
    else:
        assert some is None or some[0] < THRESHOLD
