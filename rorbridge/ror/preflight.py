"""Whether the ROR's door opens: certificate, token, /metadata against what we ask, one search."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from pydantic import HttpUrl

from rorbridge.orientation.directory import DirectoryError
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.errors import RorAccessError, RorAnswerError
from rorbridge.ror.query import PARAMETERS, WHERE_PARAMETERS
from rorbridge.ror.tls import WARN_BEFORE, CertificateError, Identity
from rorbridge.settings import LOCAL_HOSTS, RorSettings
from rorbridge.telemetry.finding import Finding, State


async def findings(settings: RorSettings) -> AsyncIterator[Finding]:
    """Take the steps one after the other; what stands on a step that failed is skipped."""
    try:
        directory = RorDirectory(settings)
    except CertificateError as error:
        yield Finding("client certificate", State.FAILED, str(error))
        for step in ("token", "metadata", "search"):
            yield Finding(step, State.SKIPPED, "no certificate to ask with")
        return
    yield _proof(settings, directory.identity)
    async with directory:
        try:
            await directory.token()
        except DirectoryError as error:
            yield _no_token(settings, directory.identity, error)
            for step in ("metadata", "search"):
                yield Finding(step, State.SKIPPED, "no token to ask with")
            return
        yield _encrypted("token", "the token endpoint gave a token", settings.token_url)
        yield await _metadata(directory)
        yield await _search(settings, directory)


def _proof(settings: RorSettings, identity: Identity | None) -> Finding:
    """Look at what we prove with who we are."""
    step = "client certificate"
    if identity is None:
        if settings.access_profile:
            mend = "set RORBRIDGE_ROR__CLIENT_CERT; the real ROR takes a secret for access profile 0 alone"
            return Finding(step, State.WARNING, f"a secret, with access profile {settings.access_profile}", mend)
        return Finding(step, State.OK, "none: access profile 0 with a secret")
    now = datetime.now(UTC)
    told = f"{identity.subject}, until {identity.not_after:%Y-%m-%d}"
    if refusal := identity.refusal(now):
        return Finding(step, State.FAILED, told, refusal)
    days = (identity.not_after - now) // timedelta(days=1)
    if identity.not_after - now < WARN_BEFORE:
        mend = "order the next one from IGC-Santé; put the files in place, no restart is needed"
        return Finding(step, State.WARNING, f"{told}: {days} days left", mend)
    return Finding(step, State.OK, f"{told}: {days} days left")


def _no_token(settings: RorSettings, identity: Identity | None, error: DirectoryError) -> Finding:
    mend = f"check RORBRIDGE_ROR__TOKEN_URL ({settings.token_url}), and that the network lets us through to it"
    if isinstance(error, RorAccessError):
        mend = "check RORBRIDGE_ROR__CLIENT_ID and RORBRIDGE_ROR__CLIENT_SECRET with what the ANS handed over"
        if identity:
            mend = (
                f"the certificate's subject is {identity.subject}, and the ANS knows you by it: compare it with what "
                f"was declared for client_id {settings.client_id}; test certificates go with the sandbox alone"
            )
    return Finding("token", State.FAILED, error.problem.detail, mend)


def _encrypted(step: str, found: str, url: HttpUrl) -> Finding:
    if url.scheme == "https" or url.host in LOCAL_HOSTS:
        return Finding(step, State.OK, found)
    return Finding(step, State.WARNING, f"{found}, over plain HTTP", "use https: whoever listens can read the token")


async def _metadata(directory: RorDirectory) -> Finding:
    """Compare what the server offers with what we may ask, and tell what each gap costs."""
    try:
        offered = await directory.offered()
    except DirectoryError as error:
        return Finding("metadata", State.FAILED, error.problem.detail, "the base URL, the headers, or the ROR itself")
    if offered is None:
        mend = "searches are sent as the ROR documents them; if they are refused, ask the ANS"
        return Finding("metadata", State.WARNING, "the server does not tell what it can search by", mend)
    gaps = [
        f"{one} (criterion {criterion}: verified on the data alone, so answers of the ROR are larger and slower)"
        for criterion, parameters in PARAMETERS.items()
        for one in parameters
        if one not in offered
    ]
    gaps += [
        f"{parameter} (where.{way}: such requests may be refused)"
        for way, parameter in WHERE_PARAMETERS.items()
        if parameter not in offered
    ]
    wanted = {*WHERE_PARAMETERS.values(), *(one for some in PARAMETERS.values() for one in some)}
    if gaps:
        told = f"{len(wanted - offered)} of {len(wanted)} search parameters are not offered"
        return Finding("metadata", State.WARNING, told, "; ".join(gaps))
    return Finding("metadata", State.OK, f"all {len(wanted)} search parameters that are used are offered")


async def _search(settings: RorSettings, directory: RorDirectory) -> Finding:
    try:
        await directory.check()
    except DirectoryError as error:
        mend = None
        if isinstance(error, RorAccessError):
            mend = "the token is taken or not, or one of the four Ror-* headers is not what the ANS handed over"
        elif isinstance(error, RorAnswerError):
            mend = f"check RORBRIDGE_ROR__BASE_URL ({settings.base_url}); the ANS's end with /ws-diffusion-fhir"
        return Finding("search", State.FAILED, error.problem.detail, mend)
    return _encrypted("search", "the ROR answered a search with all that ours ask for", settings.base_url)
