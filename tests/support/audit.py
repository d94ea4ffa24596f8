"""``python -m tests.support.audit``: asks PyPI's advisories about every pinned dependency, with pip-audit.

Ends with 1 when a known vulnerability is found, and with 0 when there is none. Where the advisories cannot be had, as
behind a mirror that has packages alone, it says so loudly and ends with 0 as well: that is no finding.
"""

import json
import subprocess
import sys

_TIMEOUT_S = 300


def main() -> int:
    """Run pip-audit, which has to be on the path."""
    command = ["pip-audit", "--require-hashes", "--disable-pip", "--format", "json", "-r", "requirements.lock"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        found = json.loads(run.stdout)["dependencies"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        print(f"NOT AUDITED: pip-audit gave no answer ({type(error).__name__})")
        return 0
    skipped = [one["name"] for one in found if "skip_reason" in one]
    bad = [(one["name"], one["version"], v["id"], v["fix_versions"]) for one in found for v in one.get("vulns", ())]
    for name, version, id_, fixes in bad:
        print(f"{name} {version}: {id_}, mended in {', '.join(fixes) or 'no version yet'}")
    if skipped:
        print(f"NOT AUDITED: no advisories to be had for {len(skipped)} of {len(found)} dependencies")
    print(f"pip-audit: {len(found) - len(skipped)} dependencies audited, {len(bad)} known vulnerabilities")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
