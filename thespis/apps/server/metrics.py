"""Figures of a server in Prometheus' text form."""

import threading
from collections import Counter
from collections.abc import Mapping

PREFIX = "thespis_"
ABOUT = {
    "requests": "requests answered, by method and status",
    "request_seconds": "seconds spent answering requests",
    "refused": "requests refused before they were read, by status",
    "jobs": "jobs, by state",
    "renderers": "renderers that live",
    "sessions": "live sessions that are open",
    "live_late_frames": "times that the open live sessions fell behind their clock",
    "live_skew_seconds": "largest difference of picture and sound that a viewer of an open session told last",
}


class Metrics:
    """Counts; safe from any thread."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, name: str, label: str = "", by: float = 1) -> None:
        """Count something that only grows."""
        with self._lock:
            self._counts[name, label] += by  # type: ignore[assignment]

    def request(self, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        known = method if method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS") else "other"
        self.count("requests", f'method="{known}",status="{status}"')
        self.count("request_seconds", "", seconds)

    def text(self, gauges: Mapping[str, float | Mapping[str, float]]) -> str:
        """Write everything down, with what is true at this moment."""
        lines = []
        with self._lock:
            counted = dict(self._counts)
        for name in dict.fromkeys(name for name, _ in counted):
            lines += [f"# HELP {PREFIX}{name}_total {ABOUT[name]}", f"# TYPE {PREFIX}{name}_total counter"]
            for (own, label), value in counted.items():
                if own == name:
                    about = f'status="{label}"' if name == "refused" else label
                    lines.append(f"{PREFIX}{name}_total{f'{{{about}}}' if about else ''} {value:g}")
        for name, found in gauges.items():
            lines += [f"# HELP {PREFIX}{name} {ABOUT[name]}", f"# TYPE {PREFIX}{name} gauge"]
            if isinstance(found, Mapping):
                lines += [f'{PREFIX}{name}{{state="{state}"}} {value:g}' for state, value in sorted(found.items())]
            else:
                lines.append(f"{PREFIX}{name} {found:g}")
        return "\n".join(lines) + "\n"
