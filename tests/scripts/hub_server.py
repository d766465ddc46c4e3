"""A Hub of our own on this machine: what `Trainer.push_to_hub` and `from_pretrained` ask of huggingface.co, in memory."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

USER = "user"
SILENT, HALF = -1, -2  # faults, see `Hub.fault`


@dataclass
class Hub:
    """What the server holds.

    Attributes:
        url: where it listens.
        token: the only one that may write.
        reading_token: one that may only read; every other one is refused, none at all may read.
        repositories: contents by repository and path; the names of data sets begin with `datasets/`.
        requests: method and path of everything asked, in order.
        fault: a part of a path, and the status that requests for it get; 0 ends the connection without an answer, HALF in the middle
            of one, and SILENT gives none.
        reached: set when a request has met the fault.
    """

    token: str
    reading_token: str
    url: str = ""
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    fault: tuple[str, int] | None = None
    reached: threading.Event = field(default_factory=threading.Event)

    def revision(self, name: str) -> str:
        """Changes whenever a file of the repository does."""
        digest = hashlib.sha1()
        for path, content in sorted(self.repositories[name].items()):
            digest.update(path.encode() + content)
        return digest.hexdigest()


@contextmanager
def serve(token: str, reading_token: str) -> Iterator[Hub]:
    """Runs a Hub on loopback until the block ends."""
    hub = Hub(token=token, reading_token=reading_token)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")

    def parse_request(self) -> bool:
        parsed = super().parse_request()
        if not parsed or self.hub.fault is None or self.hub.fault[0] not in self.path:
            return parsed
        status = self.hub.fault[1]
        self.hub.reached.set()
        if status == SILENT:
            while self.hub.fault is not None:
                time.sleep(0.05)
        elif status == HALF:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._send(200, b'{"commitUrl": ', {"Content-Type": "application/json"}, promised=1000)
        elif status:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._json({"error": "out of order"}, status)
        self.close_connection = True
        return False

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if self._refused(but_for=(None, self.hub.token, self.hub.reading_token)):
            return
        if path == "/api/whoami-v2":
            self._json({"name": USER, "type": "user", "orgs": []})
        elif found := re.fullmatch(
            r"/api/(?:models/|(datasets/))([^/]+/[^/]+)(?:/revision/[^/]+|/tree/[^/]+(.*))?", path
        ):
            self._repository((found[1] or "") + found[2], folder=found[3])
        elif found := re.fullmatch(r"/((?:datasets/)?[^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            self._file(found[1], found[2])
        else:
            self._json({"error": "no such page"}, 404)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(urlsplit(self.path).path)
        if path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif found := re.fullmatch(r"/(.+)\.git/info/lfs/objects/batch", path):
            self._json({"transfer": "basic", "objects": [self._upload(item) for item in json.loads(body)["objects"]]})
        elif self._refused(but_for=(self.hub.token,)):
            return
        elif path == "/api/repos/create":
            request = json.loads(body)
            name = f"{request.get('organization') or USER}/{request['name']}"
            known = name in self.hub.repositories
            self.hub.repositories.setdefault(name, {})
            self._json({"url": f"{self.hub.url}/{name}", "name": name}, 409 if known else 200)
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/preupload/[^/]+", path):
            files = json.loads(body)["files"]
            modes = {
                file["path"]: "lfs" if file["path"].endswith((".safetensors", ".bin")) else "regular" for file in files
            }
            self._json({"files": [{"path": p, "uploadMode": m, "shouldIgnore": False} for p, m in modes.items()]})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/[^/]+", path):
            self._commit(found[1], [json.loads(line) for line in body.splitlines() if line])
        else:
            self._json({"error": "no such page"}, 404)

    def do_PUT(self) -> None:
        self.hub.objects[self.path.split("/")[-1]] = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(200, b"")

    def _refused(self, but_for: tuple[str | None, ...]) -> bool:
        """Answers 401 or 403 and says True where the token is not among these."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
        if token in but_for:
            return False
        known = token == self.hub.reading_token
        self._json({"error": "Forbidden" if known else "Invalid credentials"}, 403 if known else 401)
        return True

    def _upload(self, item: dict[str, Any]) -> dict[str, Any]:
        if item["oid"] in self.hub.objects:
            return item
        return item | {"actions": {"upload": {"href": f"{self.hub.url}/objects/{item['oid']}"}}}

    def _commit(self, name: str, lines: list[dict[str, Any]]) -> None:
        files = self.hub.repositories[name]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif line["key"] == "deletedFile":
                files.pop(value["path"], None)
        commit = self.hub.revision(name)
        self._json({"commitUrl": f"{self.hub.url}/{name}/commit/{commit}", "commitOid": commit, "hookOutput": ""})

    def _repository(self, name: str, folder: str | None) -> None:
        """What is in a folder of a repository; None: what is known of all of it."""
        if name not in self.hub.repositories:
            self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
            return
        files = self.hub.repositories[name]
        if folder is not None:
            inside = f"{folder.strip('/')}/".removeprefix("/")
            listed = [
                {"type": "file", "path": p, "size": len(c), "oid": "0"}
                for p, c in files.items()
                if p.startswith(inside)
            ]
            if "recursive=false" in self.path:
                deeper = {inside + p["path"].removeprefix(inside).partition("/")[0] for p in listed} - {
                    p["path"] for p in listed
                }
                listed = [one for one in listed if "/" not in one["path"].removeprefix(inside)]
                listed += [{"type": "directory", "path": path, "oid": "0"} for path in sorted(deeper)]
            self._json(listed)
        else:
            siblings = [{"rfilename": path} for path in files]
            card = {"id": name, "sha": self.hub.revision(name), "siblings": siblings, "private": False, "tags": []}
            readme = files.get("README.md", b"").decode()
            card |= re.findall(r"^(pipeline_tag|library_name): (\S+)$", readme, re.MULTILINE)
            self._json(card)

    def _file(self, name: str, path: str) -> None:
        if name not in self.hub.repositories:
            self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
        elif path not in self.hub.repositories[name]:
            headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.hub.revision(name)}
            self._json({"error": "Entry not found"}, 404, headers)
        else:
            content = self.hub.repositories[name][path]
            tag = hashlib.sha256(content).hexdigest()
            headers = {"ETag": f'"{tag}"', "X-Repo-Commit": self.hub.revision(name), "Accept-Ranges": "bytes"}
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
            if wanted is None:
                self._send(200, content, headers)
            else:
                first, last = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
                headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
                self._send(206, content[first : last + 1], headers)

    def _json(self, content: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(content).encode(), {"Content-Type": "application/json"} | (headers or {}))

    def _send(
        self, status: int, content: bytes, headers: dict[str, str] | None = None, promised: int | None = None
    ) -> None:
        self.send_response(status)
        length = len(content) if promised is None else promised
        for name, value in ({"Content-Length": str(length)} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
