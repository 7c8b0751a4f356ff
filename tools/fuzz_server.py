"""Let Schemathesis try everything that the server's OpenAPI allows, on a server that holds a job, a take and a live session.

python -m venv fuzz && fuzz/bin/pip install schemathesis
python tools/fuzz_server.py fuzz/bin/schemathesis --minutes 5
"""

import json
import subprocess
import sys
import tempfile
import urllib.request
from argparse import ArgumentParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from served import free_port, picture, served, voice

from thespis.apps.server.client import Client

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method,use_after_free"
GENEROUS = {"requests_a_minute": 10_000_000, "session_idle_seconds": 86_400.0, "sessions": 20, "queued": 100_000}


def seeded(client: Client, folder: Path) -> dict[str, str]:
    """Leave a finished job, a take and a live session on the server -> their names by the names of the path's parts."""
    (folder / "photo.png").write_bytes(picture())
    (folder / "voice.wav").write_bytes(voice())
    job = client.submit(folder / "photo.png", folder / "voice.wav", recipe="toy_recipe", take=True)
    client.wait(job)
    asked = urllib.request.Request(f"http://{client.place}/api/jobs/{job}/keep-take", b"")
    with urllib.request.urlopen(asked) as answer:
        take = str(json.load(answer)["id"])
    return {"job": job, "take": take, "room": client.live(folder / "photo.png", recipe="toy_recipe")}


def main() -> int:
    """Serve, seed, and let it loose."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("schemathesis", help="the program")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long (2)")
    args = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process = served(folder / "data", port, GENEROUS, workers=1)
        try:
            known = seeded(Client(f"http://127.0.0.1:{port}"), folder)
            lines = "".join(f'"path.{part}" = "{value}"\n' for part, value in known.items())
            (folder / "schemathesis.toml").write_text(f"[parameters]\n{lines}", encoding="utf-8")
            about = [args.schemathesis, "--config-file", str(folder / "schemathesis.toml"), "run", f"http://127.0.0.1:{port}/openapi.json"]
            about += ["--checks", CHECKS, "--exclude-method", "DELETE", "--exclude-path-regex", "leave|cancel"]
            code = subprocess.run([*about, "--max-time", str(round(60 * args.minutes)), "--workers", "1"], check=False).returncode
            assert process.poll() is None, "the server fell"
            Client(f"http://127.0.0.1:{port}").jobs()
            return code
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    sys.exit(main())
