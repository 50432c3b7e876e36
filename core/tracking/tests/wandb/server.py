"""A W&B server as far as `wandb sync` asks: keeps what it is sent in a JSON file.

    server.py STATE [--refuse PATH STATUS] [--vanish PATH]

Prints its port. Requests whose path contains PATH are answered with STATUS, or end the server.
"""

import gzip
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

options = dict(zip(sys.argv[2::], sys.argv[3::]))
refused = (options["--refuse"], int(sys.argv[-1])) if "--refuse" in options else None
state = {"run": {}, "history": {}, "summary": {}, "output": {}, "files": {}, "artifacts": {}}
lock = threading.Lock()


def parse(line):
    # W&B's JSON has NaN and the infinities without quotes.
    return json.loads(line, parse_constant=str)


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.answer(self.post)

    def do_PUT(self):
        self.answer(self.put)

    def answer(self, method):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if options.get("--vanish", "?") in self.path:
            os._exit(0)
        status, reply = 200, {}
        if refused and refused[0] in self.path:
            status = refused[1]
        else:
            with lock:
                reply = method(body)
                with open(sys.argv[1] + ".new", "w") as file:
                    json.dump(state, file)
                os.replace(sys.argv[1] + ".new", sys.argv[1])
        reply = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def put(self, body):
        _, kind, name = self.path.split("/", 2)
        state[kind][unquote(name)] = body.decode()
        return {}

    def post(self, body):
        body = json.loads(body)
        if self.path == "/graphql":
            return {"data": self.graphql(body["operationName"], body.get("variables", {}))}
        # /files/<entity>/<project>/<run>/file_stream
        for name, lines in body.get("files", {}).items():
            content = enumerate(lines["content"], lines["offset"])
            if name == "wandb-history.jsonl":
                state["history"].update((str(at), parse(line)) for at, line in content)
            elif name == "wandb-summary.json":
                state["summary"] = parse(lines["content"][-1])
            elif name == "wandb-events.jsonl":
                state.setdefault("events", {}).update((str(at), parse(line)) for at, line in content)
            elif name == "output.log":
                state["output"].update((str(at), line) for at, line in content)
        for name in ("complete", "exitcode"):
            if body.get(name) is not None:
                state[name] = body[name]
        return {}

    def graphql(self, operation, variables):
        url = f"http://127.0.0.1:{self.server.server_port}"
        if operation == "UpsertBucket":
            told = {name: value for name, value in variables.items() if value is not None}
            if "config" in told:
                config = parse(told["config"])
                told["config"] = {name: value["value"] for name, value in config.items()}
            state["run"].update(told)
            entity = {"id": "E", "name": state["run"].get("entity") or "team"}
            project = {"id": "P", "name": variables["project"] or "uncategorized", "entity": entity}
            bucket = {"id": "B", "name": variables["name"], "displayName": "", "description": "",
                      "config": "{}", "sweepName": None, "historyLineCount": 0, "project": project}
            return {"upsertBucket": {"bucket": bucket, "inserted": True}}
        if operation == "CreateRunFiles":
            files = [{"name": name, "uploadUrl": f"{url}/files/{name}"} for name in variables["files"]]
            return {"createRunFiles": {"runID": "R", "uploadHeaders": [], "files": files}}
        if operation == "CreateArtifact":
            told = variables["input"]
            state["artifacts"][told["artifactCollectionName"] + ".json"] = told
            artifact = {"id": "A", "state": "PENDING", "artifactSequence": {"latestArtifact": None}}
            return {"createArtifact": {"artifact": artifact}}
        if operation == "CreateArtifactManifest":
            file = {"id": "F", "uploadUrl": f"{url}/artifacts/manifest", "uploadHeaders": []}
            return {"createArtifactManifest": {"artifactManifest": {"id": "M", "file": file}}}
        if operation == "CreateArtifactFiles":
            nodes = [{"node": {"storagePath": file["name"], "uploadHeaders": [],
                               "uploadUrl": f"{url}/artifacts/{quote(file['name'])}",
                               "uploadMultipartUrls": None, "artifact": {"id": "A"}}}
                     for file in variables["input"]["artifactFiles"]]
            return {"createArtifactFiles": {"files": {"edges": nodes}}}
        if operation == "CommitArtifact":
            return {"commitArtifact": {"artifact": {"id": "A", "digest": ""}}}
        if operation == "ServerFeaturesQuery":
            return {"serverInfo": {"features": []}}
        return {}

    def log_message(self, *_):
        pass


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *_):
        # A client that goes away in the middle is what some tests are about.
        pass


server = Quiet(("127.0.0.1", 0), Server)
print(server.server_port, flush=True)
server.serve_forever()
