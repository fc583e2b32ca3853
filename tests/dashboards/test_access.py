import access
import pytest
import streamlit as st

from tsanomaly.errors import ConfigurationError


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    """A file of secrets that this test alone sees; calling it writes one."""
    path = tmp_path / "secrets.toml"
    monkeypatch.setattr(st, "secrets", type(st.secrets)())
    usual = st.get_option

    def option(name):
        return [str(path)] if name == "secrets.files" else usual(name)

    monkeypatch.setattr(st, "get_option", option)
    monkeypatch.setattr("streamlit.runtime.secrets.config.get_option", option)
    return path.write_text


def test_without_secrets_everybody_may_write(secrets):
    assert access.may_write()
    assert access.author()


@pytest.mark.parametrize(("value", "may"), [("", True), ("0", True), ("1", False), ("yes", False)])
def test_one_variable_makes_it_read_only(secrets, monkeypatch, value, may):
    monkeypatch.setenv(access.READ_ONLY, value)
    assert access.may_write() is may


def test_who_is_no_editor_may_look_only(secrets, monkeypatch):
    secrets('[access]\neditors = ["ada@example.org"]\n')
    monkeypatch.setattr(access, "author", lambda: "eve@example.org")
    assert not access.may_write()
    monkeypatch.setattr(access, "author", lambda: "ada@example.org")
    assert access.may_write()


@pytest.mark.parametrize(
    ("claims", "called"),
    [
        ({}, "ada@example.org"),  # many providers do not say
        ({"email_verified": True}, "ada@example.org"),
        ({"email_verified": "true"}, "ada@example.org"),
        ({"email_verified": False}, "3"),
        ({"email_verified": "false"}, "3"),
        ({"email_verified": None}, "3"),
    ],
)
def test_an_address_that_the_provider_calls_unproven_names_nobody(secrets, monkeypatch, claims, called):
    secrets('[auth]\nclient_id = "x"\n')
    monkeypatch.setattr(st, "user", {"sub": "3", "email": "ada@example.org"} | claims)
    assert access.author() == called


def test_secrets_that_cannot_be_read_open_nothing(secrets):
    secrets("[access\n")
    with pytest.raises(ConfigurationError, match="mend it, for it says who may sign in"):
        access.may_write()


def test_sign_in_without_its_libraries_says_what_to_install(monkeypatch):
    monkeypatch.setattr(access, "NEEDED", ("json", "a_library_that_nobody_wrote"))
    with pytest.raises(ConfigurationError, match="a_library_that_nobody_wrote not installed: pip install"):
        access.door()
