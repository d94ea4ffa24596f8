"""Settings: named by what they are, and a wrong one stops the start with a line that names it."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from rorbridge.settings import Settings, SettingsError, load

COMPLETE = {
    "RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": "localhost:9092",
    "RORBRIDGE_ROR__BASE_URL": "https://ror.example/ws-diffusion-fhir",
    "RORBRIDGE_ROR__TOKEN_URL": "https://auth.example/token",
    "RORBRIDGE_ROR__CLIENT_ID": "us",
    "RORBRIDGE_ROR__CLIENT_SECRET": "hush-hush",
    "RORBRIDGE_ROR__USER_PROFILE_CODE": "CU20",
    "RORBRIDGE_ROR__USER_PROFILE_SYSTEM": "1.2.250.1.213.1.6.1.66",
    "RORBRIDGE_ROR__ROLE_CODE": "AUTOMATE",
    "RORBRIDGE_ROR__ROLE_SYSTEM": "1.2.250.1.213.1.1.4.6",
}


def error(environment: dict[str, str], config: Path | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(Settings, config, environment)
    assert "hush-hush" not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_environment_is_enough() -> None:
    found = load(Settings, None, COMPLETE | {"RORBRIDGE_KAFKA__WINDOW": "7", "PATH": "/bin"})
    assert found.kafka.window == 7
    assert found.kafka.requests_topic == "ror.orientation.requests"
    assert found.ror.client_secret == SecretStr("hush-hush")


def test_a_secret_shows_in_no_repr() -> None:
    registry = {
        "RORBRIDGE_SCHEMA_REGISTRY__URL": "https://registry/",
        "RORBRIDGE_SCHEMA_REGISTRY__USERNAME": "us",
        "RORBRIDGE_SCHEMA_REGISTRY__PASSWORD": "hush-hush",
    }
    assert "hush-hush" not in repr(load(Settings, None, COMPLETE | registry))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"RORBRIDGE_KAFKA__WINDOW": "0"}, "RORBRIDGE_KAFKA__WINDOW: "),
        ({"RORBRIDGE_KAFKA__WINDWO": "5"}, "__WINDWO: there is no such setting; did you mean RORBRIDGE_KAFKA__WINDOW?"),
        ({"RORBRIDGE_HELLO": "5"}, "RORBRIDGE_HELLO: there is no such setting"),
        ({"RORBRIDGE_ROR": "5"}, "RORBRIDGE_ROR: there is no such setting"),
        ({"RORBRIDGE_ROR__BASE_URL": "ror"}, "RORBRIDGE_ROR__BASE_URL: "),
        ({"RORBRIDGE_ROR__ACCESS_PROFILE": "6"}, "RORBRIDGE_ROR__ACCESS_PROFILE: "),
        ({"RORBRIDGE_KAFKA__SECURITY_PROTOCOL": "SASL_SSL"}, "needs RORBRIDGE_KAFKA__SASL_USERNAME and"),
        ({"RORBRIDGE_ROR__CLIENT_SECRET_FILE": "/nowhere/secret"}, "RORBRIDGE_ROR__CLIENT_SECRET_FILE: "),
        ({"RORBRIDGE_SCHEMA_REGISTRY__URL": "registry:8081"}, "RORBRIDGE_SCHEMA_REGISTRY__URL: "),
        ({"RORBRIDGE_SCHEMA_REGISTRY__URL": "https://us:hush-hush@registry/"}, "settings of their own"),
        ({"RORBRIDGE_SCHEMA_REGISTRY__URL": "https://registry/?key=hush-hush"}, "an address alone"),
        ({"RORBRIDGE_SCHEMA_REGISTRY__PASSWORD": "hush-hush"}, "it needs RORBRIDGE_SCHEMA_REGISTRY__URL"),
        (
            {"RORBRIDGE_SCHEMA_REGISTRY__URL": "https://registry/", "RORBRIDGE_SCHEMA_REGISTRY__PASSWORD": "hush-hush"},
            "RORBRIDGE_SCHEMA_REGISTRY: username and password go together",
        ),
        (
            {"RORBRIDGE_SCHEMA_REGISTRY__URL": "https://registry/", "RORBRIDGE_SCHEMA_REGISTRY__CA_FILE": "/nowhere"},
            "RORBRIDGE_SCHEMA_REGISTRY__CA_FILE: ",
        ),
        ({"RORBRIDGE_SCHEMA_REGISTRY__AUTOREGISTER": "1"}, "did you mean RORBRIDGE_SCHEMA_REGISTRY__AUTO_REGISTER?"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(changes: dict[str, str], says: str) -> None:
    assert says in error(COMPLETE | changes)


def test_a_missing_setting_is_named() -> None:
    without = {name: value for name, value in COMPLETE.items() if not name.endswith("CLIENT_ID")}
    assert error(without) == "RORBRIDGE_ROR__CLIENT_ID is required"
    assert set(error({}).split("; ")) == {f"{one} is required" for one in COMPLETE if not one.endswith("SECRET")}


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-file\n")
    environment = COMPLETE | {"RORBRIDGE_ROR__CLIENT_SECRET_FILE": str(tmp_path / "secret")}
    del environment["RORBRIDGE_ROR__CLIENT_SECRET"]
    assert load(Settings, None, environment).ror.client_secret == SecretStr("from-file")


def test_a_file_that_a_setting_itself_names_is_not_read() -> None:
    found = load(Settings, None, COMPLETE | {"RORBRIDGE_KAFKA__CA_FILE": "/etc/ca.pem"})
    assert found.kafka.ca_file == Path("/etc/ca.pem")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    config = tmp_path / "rorbridge.toml"
    config.write_text('[kafka]\nwindow = 3\ngroup_id = "ours"\n[log]\nformat = "console"\n')
    found = load(Settings, config, COMPLETE | {"RORBRIDGE_KAFKA__WINDOW": "4"})
    assert (found.kafka.window, found.kafka.group_id, found.log.format) == (4, "ours", "console")


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    config = tmp_path / "rorbridge.toml"
    config.write_text("[kafka\n")
    assert str(config) in error(COMPLETE, config)
    assert str(tmp_path / "none.toml") in error(COMPLETE, tmp_path / "none.toml")
    config.write_text("[kafka]\nwindwo = 3\n")
    assert "RORBRIDGE_KAFKA__WINDWO" in error(COMPLETE, config)
    config.write_text("kafka = 3\n")
    assert error(COMPLETE, config) == f"--config {config}: kafka is a table of settings: [kafka]"


def test_what_the_system_says_of_a_file_comes_without_its_number(tmp_path: Path) -> None:
    assert error(COMPLETE, tmp_path / "none.toml").endswith("none.toml: No such file or directory")
    assert error(COMPLETE | {"RORBRIDGE_ROR__CLIENT_ID_FILE": str(tmp_path)}).endswith(f"{tmp_path}: Is a directory")
