"""The server: jobs and live sessions on one port (docs/server.md, docs/live.md). It needs the extra `studio`."""
