"""Who we are to the token endpoint, by a certificate: what works, and what is said when it does not."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from structlog.testing import capture_logs

from rorbridge.ror import tls
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.errors import RorAccessError, RorUnavailableError
from rorbridge.ror.tls import CertificateError, Tls
from rorbridge.settings import RorSettings
from rorbridge.telemetry import metrics
from tests.support.fhir import page, service
from tests.support.http import Ror
from tests.support.ror import question, ror_settings
from tests.support.tls import Authority, Identity, mtls_ror, tls_gate

PASSWORD = "the password that nobody may see"


@dataclass(frozen=True)
class House:
    """A private CA for the servers, one for clients, and a place for files."""

    folder: Path
    servers: Authority
    clients: Authority

    @property
    def us(self) -> Identity:
        return self.clients.issue("rorbridge", client=True)

    def pem(self, identity: Identity, password: str | None = None) -> dict[str, object]:
        cert, key = identity.write_pem(self.folder, password.encode() if password else None)
        return {"client_cert": cert, "client_key": key, "client_key_password": password}

    @asynccontextmanager
    async def ror(self, **server: object) -> AsyncIterator[Ror]:
        async def search(request: Request) -> Response:
            return Response(page(service(), total=1), media_type="application/fhir+json")

        identity = self.servers.issue("ror", client=False, **server)  # type: ignore[arg-type]  # days or hosts
        async with mtls_ror(search, server=identity, clients=self.clients, known={"rorbridge"}) as ror:
            yield ror

    def settings(self, ror: Ror, **changes: object) -> RorSettings:
        trusted = {"ca_bundle": self.servers.write(self.folder), "client_secret": None, "access_profile": 2}
        return ror_settings(ror, **(trusted | changes))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, Authority("servers"), Authority("clients"))


async def found(settings: RorSettings) -> list[str]:
    async with RorDirectory(settings) as directory:
        return list((await directory.search(question())).whole.services)


@pytest.mark.parametrize("password", [None, PASSWORD])
async def test_a_pem_certificate_opens_the_door_its_key_encrypted_or_not(house: House, password: str | None) -> None:
    async with house.ror() as ror:
        assert await found(house.settings(ror, **house.pem(house.us, password))) == ["1"]
    assert b"client_secret" not in ror.token_requests[0]
    assert b"client_id=us" in ror.token_requests[0]


async def test_a_p12_file_opens_it_too(house: House) -> None:
    p12 = house.us.write_p12(house.folder, PASSWORD.encode())
    async with house.ror() as ror:
        assert await found(house.settings(ror, client_cert=p12, client_key_password=PASSWORD)) == ["1"]


async def test_a_server_of_another_authority_is_not_trusted_and_the_setting_is_named(house: House) -> None:
    other = Authority("others").write(house.folder)
    async with house.ror() as ror:
        with pytest.raises(RorUnavailableError, match=r"not to be trusted.*RORBRIDGE_ROR__CA_BUNDLE") as caught:
            await found(house.settings(ror, ca_bundle=other, **house.pem(house.us)))
    assert not ror.token_requests
    assert "127.0.0.1" in str(caught.value)


async def test_a_server_whose_certificate_expired_is_not_trusted(house: House) -> None:
    async with house.ror(days=-1) as ror:
        with pytest.raises(RorUnavailableError, match="certificate has expired"):
            await found(house.settings(ror, **house.pem(house.us)))


async def test_a_server_of_another_name_is_not_trusted(house: House) -> None:
    async with house.ror(hosts=("ror.example",)) as ror:
        with pytest.raises(RorUnavailableError, match="IP address mismatch"):
            await found(house.settings(ror, **house.pem(house.us)))


async def test_our_own_expired_certificate_is_told_before_anybody_is_asked(house: House) -> None:
    expired = house.clients.issue("rorbridge", client=True, days=-3)
    async with house.ror() as ror:
        with pytest.raises(RorAccessError, match=r"expired on .*renew RORBRIDGE_ROR__CLIENT_CERT"):
            await found(house.settings(ror, **house.pem(expired)))
    assert not ror.token_requests


async def test_a_certificate_from_the_future_makes_one_look_at_the_clock(house: House) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    early = house.clients.issue("rorbridge", client=True, not_before=tomorrow)
    async with house.ror() as ror:
        with pytest.raises(RorAccessError, match="clock"):
            await found(house.settings(ror, **house.pem(early)))


async def test_a_client_that_the_token_endpoint_does_not_know_is_refused_without_naming_its_subject(
    house: House,
) -> None:
    stranger = house.clients.issue("stranger", client=True)
    async with house.ror() as ror:
        with pytest.raises(RorAccessError, match=r"'us' or its certificate .HTTP 401, invalid_client") as caught:
            await found(house.settings(ror, **house.pem(stranger)))
    assert "stranger" not in str(caught.value) + repr(caught.value.problem)


@pytest.mark.parametrize("newest", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("of another authority", "does not know who signed our client certificate.*IGC-Santé Test"),
        ("for servers", "must be ORG / AUTH_CLI"),
        ("none", "wants a client certificate|may want a client certificate"),
    ],
)
async def test_what_tls_says_against_our_certificate_is_told_in_words(
    house: House, who: str, says: str, newest: str
) -> None:
    issued: dict[str, Callable[[], dict[str, object]]] = {
        "of another authority": lambda: house.pem(Authority("others").issue("rorbridge", client=True)),
        "for servers": lambda: house.pem(house.clients.issue("rorbridge", client=False)),
        "none": lambda: {"client_secret": "a secret"},
    }
    async with tls_gate(
        house.servers.issue("ror", client=False), clients=house.clients, newest=ssl.TLSVersion[newest]
    ) as url:
        ror = Ror(search=_nobody, base_url=f"{url}/ws", token_url=f"{url}/token")
        with pytest.raises(RorAccessError, match=says):
            await found(house.settings(ror, **issued[who]()))


async def _nobody(request: Request) -> Response:
    raise AssertionError("no search comes so far")


async def test_a_renewed_certificate_is_used_without_a_restart(house: House) -> None:
    async with house.ror() as ror:
        stranger = house.pem(house.clients.issue("stranger", client=True))
        settings = house.settings(ror, cache_ttl=0, **stranger)
        async with RorDirectory(settings) as directory:
            with pytest.raises(RorAccessError):
                await directory.search(question())
            cert, key = house.us.write_pem(house.folder)
            shutil.copy(cert, settings.client_cert or "")
            # Half of it is there: the key of the new certificate is not, so the former one stays in use.
            with pytest.raises(RorAccessError):
                await directory.search(question())
            shutil.copy(key, settings.client_key or "")
            assert (await directory.search(question())).whole.services


async def test_rotation_in_flight_disturbs_no_search(house: House) -> None:
    async with house.ror() as ror:
        settings = house.settings(ror, cache_ttl=0, **house.pem(house.us))
        async with RorDirectory(settings) as directory:

            async def searches() -> int:
                for number in range(60):
                    assert (await directory.search(question(radius_km=number + 1))).whole.services
                return 60

            async def rotations() -> None:
                for _ in range(5):
                    await asyncio.sleep(0.02)
                    fresh = house.clients.issue("rorbridge", client=True)
                    fresh.write_pem(house.folder)
                    directory._tokens.refused(f"token-{ror.issued}")

            asked, _ = await asyncio.gather(searches(), rotations())
    assert asked == 60
    assert ror.issued >= 3, "tokens were fetched with the renewed certificates"


def test_files_that_cannot_be_used_stop_the_start_with_the_setting_and_what_to_do(house: House) -> None:
    ror = Ror(search=_nobody, base_url="https://ror.example/ws", token_url="https://ror.example/token")
    us = house.pem(house.us, PASSWORD)
    other_key = house.clients.issue("other", client=True).write_pem(house.folder)[1]
    p12 = house.us.write_p12(house.folder, PASSWORD.encode())
    (house.folder / "empty.pem").write_bytes(b"")
    wrong: dict[str, dict[str, object]] = {
        "CLIENT_CERT .*none.pem: No such file": us | {"client_cert": house.folder / "none.pem"},
        "CLIENT_CERT .*empty.pem: no certificate in PEM": us | {"client_cert": house.folder / "empty.pem"},
        "CLIENT_KEY .*CLIENT_KEY_PASSWORD right": us | {"client_key_password": "wrong"},
        "CLIENT_KEY .*: .*CLIENT_KEY_PASSWORD": us | {"client_key_password": None},
        "CLIENT_KEY does not belong": us | {"client_key": other_key},
        "rorbridge.p12: .*CLIENT_KEY_PASSWORD right": {"client_cert": p12, "client_key_password": "wrong"},
        "CA_BUNDLE .*empty.pem": us | {"ca_bundle": house.folder / "empty.pem"},
    }
    for says, changes in wrong.items():
        with pytest.raises(CertificateError, match=says) as caught:
            Tls(house.settings(ror, **changes))
        assert PASSWORD not in str(caught.value)


def test_one_pem_may_hold_certificate_and_key(house: House) -> None:
    ror = Ror(search=_nobody, base_url="https://ror.example/ws", token_url="https://ror.example/token")
    cert, key = house.us.write_pem(house.folder)
    (house.folder / "both.pem").write_bytes(cert.read_bytes() + key.read_bytes())
    tls = Tls(house.settings(ror, client_cert=house.folder / "both.pem"))
    assert tls.identity is not None
    assert tls.identity.subject == "CN=rorbridge"


async def test_a_renewed_certificate_that_openssl_does_not_take_leaves_the_former_one_in_use(house: House) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    async with house.ror() as ror:
        settings = house.settings(ror, cache_ttl=0, **house.pem(house.us))
        async with RorDirectory(settings) as directory:
            assert (await directory.search(question())).whole.services
            cert, key = house.clients.issue("rorbridge", client=True, key=weak).write_pem(house.folder)
            directory._tokens.refused("token-1")
            with capture_logs() as logged:
                assert (await directory.search(question(2.0))).whole.services
    assert "OpenSSL does not take it" in str(logged)
    with pytest.raises(CertificateError, match="OpenSSL does not take it"):
        RorDirectory(house.settings(ror, client_cert=cert, client_key=key))


def test_a_certificate_without_its_key_or_with_a_secret_besides_is_a_wrong_setting(house: House) -> None:
    ror = Ror(search=_nobody, base_url="https://ror.example/ws", token_url="https://ror.example/token")
    us = house.pem(house.us)
    with pytest.raises(CertificateError, match="RORBRIDGE_ROR__CLIENT_KEY is required"):
        Tls(house.settings(ror, client_cert=us["client_cert"]))
    with pytest.raises(ValidationError, match="and not both"):
        house.settings(ror, **us, client_secret="too much")
    with pytest.raises(ValidationError, match="RORBRIDGE_ROR__CLIENT_CERT is required"):
        house.settings(ror)


def test_the_last_thirty_days_of_a_certificate_are_warned_of_and_measured(
    house: House,
) -> None:
    ror = Ror(search=_nobody, base_url="https://ror.example/ws", token_url="https://ror.example/token")
    issued = house.clients.issue("rorbridge", client=True, days=100)
    settings = house.settings(ror, **house.pem(issued))
    for left, warnings in ((100, 0), (31, 0), (29.5, 1), (-1, 1)):
        now = issued.certificate.not_valid_after_utc - timedelta(days=left)
        with capture_logs() as logged:
            tls = Tls(settings, now=lambda now=now: now)  # type: ignore[misc]  # bound at once
            tls.refresh()
            tls.refresh()
        assert [one["event"] for one in logged] == ["client-certificate-expires"] * warnings, left
        assert "CN=" not in str(logged)
        [measured] = metrics.CERTIFICATE_EXPIRY_DAYS.collect()
        assert measured.samples[0].value == pytest.approx(left)


async def test_tls_older_than_1_2_is_not_spoken(house: House) -> None:
    ror = Ror(search=_nobody, base_url="https://ror.example/ws", token_url="https://ror.example/token")
    tls = Tls(house.settings(ror, **house.pem(house.us)))
    assert {one.minimum_version.name for one in (tls.public, tls.with_certificate)} == {"TLSv1_2"}


def test_nothing_older_than_tls_1_2_is_spoken_and_names_are_verified() -> None:
    context = tls._context(None)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
