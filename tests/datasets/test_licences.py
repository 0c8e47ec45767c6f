"""Licences that people spell in many ways."""

from annotation.datasets.licences import collapsed, hub_names


def test_spellings_of_one_licence_are_one() -> None:
    assert collapsed(["cc-by-4.0", "CC BY 4.0", "CC-BY-4.0", "mit", "CC_BY_SA 4.0"]) == {
        "CC-BY-4.0": ["CC BY 4.0", "CC-BY-4.0", "cc-by-4.0"],
        "CC-BY-SA-4.0": ["CC_BY_SA 4.0"],
        "MIT": ["mit"],
    }


def test_one_that_nobody_knows_stands_as_it_was_given() -> None:
    assert collapsed(["House rules", "house rules", "ODC-By-1.0", "odc-by"]) == {
        "House rules": ["House rules", "house rules"],
        "ODC-By-1.0": ["ODC-By-1.0", "odc-by"],
    }


def test_the_hub_is_told_its_own_names_or_other() -> None:
    assert hub_names(["ODC-By-1.0", "Apache 2.0", "apache-2.0"]) == ["apache-2.0", "odc-by"]
    assert hub_names(["MIT", "House rules"]) == ["other"]
    assert hub_names([]) == ["other"]
