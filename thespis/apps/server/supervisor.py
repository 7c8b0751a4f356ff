"""Keeps the renderers alive, frees what dead ones held, ends what is cancelled or takes too long, calls webhooks, and tidies up."""

import json
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass

from thespis.apps.server import webhook
from thespis.apps.server.settings import Settings
from thespis.apps.server.store import Job, Lease, Store, alive, newest_first
from thespis.apps.server.worker import PART
from thespis.errors import ThespisError

TICK, CALLING = 0.1, 0.5  # seconds between two looks at the renderers, and at the webhooks
PAUSE = 1.0  # seconds after a round in which something went wrong
PATIENCE = 0.5  # seconds that a renderer has to end a cancelled job by itself
SLOWEST_START = 10.0  # seconds between two starts of a renderer that keeps dying
TIDY = 60.0  # seconds between two looks at what is old


@dataclass
class Running:
    """One renderer: its process, the name of its lease, and when it may be started again."""

    lease: str = ""
    process: "subprocess.Popen[bytes] | None" = None
    begun: float = 0.0
    wait: float = 0.0


class Supervisor:
    """Looks after the renderers from a thread of its own."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Begin without renderers."""
        self._store, self._settings = store, settings
        self._renderers = [Running() for _ in range(settings.workers)]
        self._unwanted: dict[str, float] = {}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock: Lease | None = None
        self._tidied = 0.0

    def start(self) -> None:
        """Take the folder, free what an earlier server left running, and begin."""
        folder = self._settings.folder
        self._lock = Lease(folder, "server")
        shutil.rmtree(folder / "uploads", ignore_errors=True)
        (folder / "uploads").mkdir(exist_ok=True)
        for work, every, name in ((self._look_after, TICK, "renderers"), (self._call, CALLING, "webhooks")):
            thread = threading.Thread(target=self._go_round, args=(work, every), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """End the renderers; what they were doing waits in the queue for the next start."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5.0)
        for renderer in self._renderers:
            end(renderer)
        self._free()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def alive(self) -> int:
        """Count the renderers that live."""
        return sum(renderer.process is not None and renderer.process.poll() is None for renderer in self._renderers)

    def _go_round(self, work: Callable[[], None], every: float) -> None:
        """Do some work until the end; nothing that goes wrong in one round may end them all."""
        import logging

        while not self._stop.wait(every):
            try:
                work()
            except Exception:
                logging.getLogger("thespis").exception("the %s are not looked after", threading.current_thread().name)
                self._stop.wait(PAUSE)

    def _look_after(self) -> None:
        """Look after the renderers and the folder once."""
        for renderer in self._renderers:
            self._keep(renderer)
        self._free()
        if time.monotonic() - self._tidied > TIDY:
            self._tidied = time.monotonic()
            self._tidy()

    def _keep(self, renderer: Running) -> None:
        """Start a renderer that is not there; one that keeps dying at once is started less and less often."""
        now = time.monotonic()
        if renderer.process is not None and renderer.process.poll() is not None:
            end(renderer)
            renderer.wait = 0.0 if now - renderer.begun > 5.0 else min(max(2 * renderer.wait, 0.2), SLOWEST_START)
        if renderer.process is None and now - renderer.begun >= renderer.wait:
            renderer.lease, renderer.begun = uuid.uuid4().hex, now
            given = {"folder": str(self._settings.folder), "limits": asdict(self._settings.limits), "lease": renderer.lease}
            words = json.dumps(given | {"recipes": self._settings.recipes})
            renderer.process = subprocess.Popen(
                [sys.executable, "-m", "thespis.apps.server.worker", words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
            )

    def _free(self) -> None:
        """Free the jobs of dead renderers, and end those that are cancelled or take too long."""
        now = time.monotonic()
        jobs = self._store.running()
        for job in jobs:
            lease = job.lease or ""
            if not alive(self._settings.folder / "renderers", lease):
                shutil.rmtree(self._store.place(job.id) / PART, ignore_errors=True)
                self._store.release(job, self._settings.limits.attempts)
            elif job.stop:
                if now - self._unwanted.setdefault(job.id, now) > PATIENCE:
                    self._give_up(job, "cancelled")
            elif job.started is not None and time.time() - job.started > self._settings.limits.job_seconds:
                self._give_up(job, "failed", f"it took longer than {self._settings.limits.job_seconds:.0f} s")
        there = {job.id for job in jobs}
        self._unwanted = {job: since for job, since in self._unwanted.items() if job in there}

    def _give_up(self, job: Job, state: str, error: str | None = None) -> None:
        """End a job and its renderer; one that has just ended it by itself may be at the next job, and goes on."""
        if self._store.finish(job.id, state, lease=job.lease, error=error):
            for renderer in self._renderers:
                if renderer.lease == job.lease:
                    end(renderer)

    def _tidy(self) -> None:
        """Remove the jobs and takes that are too old."""
        limits = self._settings.limits
        for job in self._store.old(time.time() - limits.keep_seconds, limits.kept):
            if self._store.remove(job):
                shutil.rmtree(self._store.place(job), ignore_errors=True)
        for count, (path, written) in enumerate(newest_first(self._settings.folder / "takes", "*.take")):
            if count >= limits.kept or time.time() - written > limits.keep_seconds:
                path.unlink(missing_ok=True)
        for path, written in newest_first(self._settings.folder / "renderers", "*.lock"):
            if not alive(path.parent, path.stem) and time.time() - written > TIDY:
                path.unlink(missing_ok=True)

    def _call(self) -> None:
        """Call the webhooks that are due."""
        for job in self._store.calls(time.time()):
            if self._stop.is_set():
                return
            self._store.called(job.id, None if self._called(job) else later(job))

    def _called(self, job: Job) -> bool:
        """Call one webhook -> whether it answered well."""
        told = {"id": job.id, "state": job.state, "error": job.error, "result": job.result}
        try:
            return webhook.call(job.webhook, told, self._settings.private_webhooks) < 300
        except ThespisError:
            return True  # an address that may not be called will not be better later
        except Exception:
            return False


def later(job: Job) -> float | None:
    """Say when a webhook is called again, if it is."""
    return time.time() + webhook.LATER[job.tries] if job.tries < len(webhook.LATER) else None


def end(renderer: Running) -> None:
    """End a renderer at once, and wait for it."""
    process, renderer.process = renderer.process, None
    if process is None:
        return
    process.kill()
    if process.stdin is not None:
        process.stdin.close()
    process.wait()
