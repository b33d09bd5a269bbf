"""The reward of EditThinker for EasyR1, computed by a Pentimento server.

EasyR1 loads this file and calls `compute_score` with a batch of rollouts. The server edits each origin image with the
refined prompt, has the result judged and answers with the rewards. See docs/rl-training.md. Standard library only,
Python 3.9 or later.

    worker.reward.reward_function=/path/to/integrations/easyr1/reward.py:compute_score

Settings are environment variables, or keyword arguments of `compute_score` (EasyR1's `reward_function_kwargs`):
PENTIMENTO_SERVER, PENTIMENTO_KEY, PENTIMENTO_EDITOR, PENTIMENTO_JUDGE, PENTIMENTO_SEED, PENTIMENTO_DEADLINE_SECONDS,
PENTIMENTO_FORMULA, PENTIMENTO_WEIGHTS (JSON), PENTIMENTO_EDITOR_PARAMETERS (JSON), PENTIMENTO_STRICT,
PENTIMENTO_SKIP_AT_LEAST, PENTIMENTO_BATCH, PENTIMENTO_IMAGE_DIR, PENTIMENTO_CHUNK.

Check a server with:  python3 reward.py --self-test http://127.0.0.1:4000
"""

import hashlib
import json
import math
import os
import struct
import sys
import time
import urllib.error
import urllib.request
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Optional

REWARD_NAME = "pentimento_editthinker"
REWARD_TYPE = "batch"

UPLOAD_THREADS = 8
MAX_CHUNK = 1024
HASHES_A_CALL = 1000
# What the server may take beyond its deadline, and the way there and back.
GRACE_SECONDS = 15


class RewardError(RuntimeError):
    """The server refused what was sent, or cannot be reached: training on would be training on noise."""


class Settings:
    """The environment, with keyword arguments over it."""

    def __init__(self, **given: Any):
        def read(name: str, default: Any = None) -> Any:
            value = given.pop(name, None)
            if value is None:
                value = os.environ.get("PENTIMENTO_" + name.upper()) or None
            return default if value is None else value

        def parse(name: str) -> Any:
            value = read(name)
            return json.loads(value) if isinstance(value, str) else value

        self.url = str(read("server", "http://127.0.0.1:4000")).rstrip("/")
        self.key = read("key")
        self.image_dir = read("image_dir")
        self.chunk = max(1, min(MAX_CHUNK, int(read("chunk", MAX_CHUNK))))
        skip = read("skip_at_least")
        self.batch = {
            "editor": read("editor"),
            "judge": read("judge"),
            "seed": int(read("seed", 0)),
            "deadlineSeconds": float(read("deadline_seconds", 70)),
            "formula": read("formula", "CODE"),
            "weights": parse("weights"),
            "editorParameters": parse("editor_parameters"),
            "strict": str(read("strict", "")).lower() in ("1", "true", "yes"),
            "skipAtLeast": None if skip is None else float(skip),
            "batch": read("batch"),
        }
        if given:
            raise TypeError("compute_score does not know " + ", ".join(sorted(given)))


def compute_score(reward_inputs: List[Dict[str, Any]], **given: Any) -> List[Dict[str, float]]:
    """The rewards of a batch, in its order: the keys that the trainer of the paper logs. Raises RewardError."""
    if not isinstance(reward_inputs, list):
        raise ValueError("Please use a reward type of `batch`: compute_score takes a list.")
    settings = Settings(**given)
    server = Server(settings)
    images = server.find_images([_find_path(item, settings.image_dir) for item in reward_inputs])
    rollouts = [_to_rollout(item, image) for item, image in zip(reward_inputs, images)]
    scores: List[Dict[str, float]] = []
    for at in range(0, len(rollouts), settings.chunk):
        for result in server.score(rollouts[at : at + settings.chunk]):
            scores.append(_to_score(result, len(scores)))
    return scores


def _to_score(result: Dict[str, Any], idx: int) -> Dict[str, float]:
    return {
        "overall": float(result["overall"]),
        "format_reward": float(result["format"]),
        "viescore_accuracy_reward": float(result["accuracy"]),
        "edited_image_reward_semantic": float(result["editedSemantic"]),
        "edited_image_reward_quality": float(result["editedQuality"]),
        "idx": idx,
    }


def _plain(value: Any) -> Any:
    """Whatever array or scalar type a batch holds as plain Python."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def _to_rollout(item: Dict[str, Any], image: Optional[str]) -> Dict[str, Any]:
    return {
        "response": _to_text(item.get("response")),
        "originPrompt": _to_text(item.get("origin_prompt")),
        "previousPrompt": _to_text(item.get("previous_prompt", item.get("rewritten_prompt"))),
        "originImage": image or "",
        "evaluation": _to_evaluation(item),
    }


def _to_text(value: Any) -> str:
    value = _plain(value)
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return text.encode("utf-8", "replace").decode("utf-8")


def _to_evaluation(item: Dict[str, Any]) -> Optional[Dict[str, float]]:
    """`ground_truth` is the record's `evaluation` (answer_key), as an object or as its JSON."""
    value = _plain(item.get("ground_truth", item.get("evaluation")))
    try:
        value = json.loads(value) if isinstance(value, str) else value
        pair = {"semantics": float(_plain(value["semantics"])), "quality": float(_plain(value["quality"]))}
    except (KeyError, TypeError, ValueError):
        return None
    return pair if all(math.isfinite(score) for score in pair.values()) else None


def _find_path(item: Dict[str, Any], image_dir: Optional[str]) -> Optional[str]:
    path = _plain(item.get("origin_image_path"))
    if not isinstance(path, str) or not path:
        return None
    return os.path.join(image_dir, path) if image_dir and not os.path.isabs(path) else path


class Server:
    """A Pentimento server."""

    # By path, size and time, for as long as the trainer lives.
    _hashes: Dict[Any, str] = {}

    def __init__(self, settings: Settings):
        self.settings = settings

    def find_images(self, paths: List[Optional[str]]) -> List[Optional[str]]:
        """The SHA-256 of each file, stored on the server now; None for one that cannot be read."""
        different = sorted({path for path in paths if path})
        with ThreadPoolExecutor(UPLOAD_THREADS) as pool:
            hashes = dict(zip(different, pool.map(self._hash, different)))
            by_hash = {sha: path for path, sha in hashes.items() if sha}
            # Asked each time: what is asked for is kept for another day.
            missing = self._find_missing(list(by_hash))
            stored = pool.map(self._upload, [by_hash[sha] for sha in missing])
            refused = {sha for sha, is_stored in zip(missing, stored) if not is_stored}
        return [hashes[path] if path and hashes[path] not in refused else None for path in paths]

    def _hash(self, path: str) -> Optional[str]:
        try:
            stat = os.stat(path)
            stamp = (path, stat.st_size, stat.st_mtime_ns)
            found = Server._hashes.get(stamp)
            if found is None:
                with open(path, "rb") as file:
                    found = hashlib.sha256(file.read()).hexdigest()
                Server._hashes[stamp] = found
            return found
        except OSError as error:
            print("pentimento reward: " + str(error), file=sys.stderr)
            return None

    def _find_missing(self, hashes: List[str]) -> List[str]:
        query = """mutation($sha256: [String!]!) {
          reuseImages(sha256: $sha256) {
            __typename ... on ReuseImagesSuccess { images { id } } ... on Error { message }
          }
        }"""
        missing = []
        for at in range(0, len(hashes), HASHES_A_CALL):
            step = hashes[at : at + HASHES_A_CALL]
            found = self._graphql(query, {"sha256": step})["reuseImages"]
            missing += [sha for sha, image in zip(step, found["images"]) if image is None]
        return missing

    def _upload(self, path: str) -> bool:
        """Whether the picture is stored; a file that is none is no reason to stop."""
        query = """mutation($file: File!) {
          uploadImage(file: $file) { __typename ... on Error { code message } }
        }"""
        with open(path, "rb") as file:
            content = file.read()
        boundary = uuid.uuid4().hex
        parts = [
            ("operations", json.dumps({"query": query, "variables": {"file": None}})),
            ("map", json.dumps({"0": ["variables.file"]})),
        ]
        body = b""
        for name, text in parts:
            head = '--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n' % (boundary, name)
            body += (head + text + "\r\n").encode()
        body += ('--%s\r\nContent-Disposition: form-data; name="0"; filename="image"\r\n' % boundary).encode()
        body += b"Content-Type: application/octet-stream\r\n\r\n" + content + ("\r\n--%s--\r\n" % boundary).encode()
        answer = self._post("/graphql", body, "multipart/form-data; boundary=" + boundary, 120)
        result = _data_of(answer)["uploadImage"]
        if result["__typename"] == "UploadImageSuccess":
            return True
        if result.get("code") == "QUOTA_EXCEEDED":
            raise RewardError(result["message"])
        print("pentimento reward: %s: %s" % (path, result["message"]), file=sys.stderr)
        return False

    def score(self, rollouts: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
        body = json.dumps({"rollouts": rollouts, **self.settings.batch}, allow_nan=False).encode()
        timeout = self.settings.batch["deadlineSeconds"] + GRACE_SECONDS
        results = self._post("/rewards", body, "application/json", timeout).get("results")
        if not isinstance(results, list) or len(results) != len(rollouts):
            raise RewardError("The server at %s gave no reward for each answer." % self.settings.url)
        return results

    def _graphql(self, query: str, variables: Dict[str, Any]) -> Dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        return _data_of(self._post("/graphql", body, "application/json", 60))

    def _post(self, path: str, body: bytes, content_type: str, timeout: float) -> Dict[str, Any]:
        """Tried again while the server is away: an edit that was begun is found again, not made twice."""
        give_up_at = time.monotonic() + 2 * timeout
        pause = 0.5
        while True:
            try:
                return self._post_once(path, body, content_type, timeout)
            except urllib.error.HTTPError as error:
                message = _message_of(error)
                if error.code not in (502, 503, 504) or time.monotonic() + pause > give_up_at:
                    at = self.settings.url + path
                    raise RewardError("%s answered %d: %s" % (at, error.code, message)) from error
            except (OSError, ValueError) as error:
                if time.monotonic() + pause > give_up_at:
                    raise RewardError("%s cannot be reached: %s" % (self.settings.url, error)) from error
            time.sleep(pause)
            pause = min(2 * pause, 10)

    def _post_once(self, path: str, body: bytes, content_type: str, timeout: float) -> Dict[str, Any]:
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        if self.settings.key:
            headers["Authorization"] = "Bearer " + self.settings.key
        request = urllib.request.Request(self.settings.url + path, data=body, headers=headers, method="POST")
        with _opener.open(request, timeout=timeout) as response:
            return json.loads(response.read())


# The server stands beside the trainer: proxies for the world outside are not asked.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _data_of(answer: Dict[str, Any]) -> Dict[str, Any]:
    if answer.get("errors"):
        raise RewardError("; ".join(str(error.get("message")) for error in answer["errors"]))
    for result in answer["data"].values():
        if result.get("__typename") == "InvalidInputError":
            raise RewardError(result["message"])
    return answer["data"]


def _message_of(error: urllib.error.HTTPError) -> str:
    try:
        return "; ".join(str(item["message"]) for item in json.loads(error.read())["errors"])
    except (KeyError, TypeError, ValueError, OSError):
        return str(error.reason)


def _paint(width: int = 96, height: int = 64) -> bytes:
    """A PNG with a gradient of colors, another one each time."""
    blue = uuid.uuid4().int % 100
    rows = b""
    for y in range(height):
        rows += b"\0" + bytes(channel for x in range(width) for channel in (40 + 2 * x, 220 - 3 * y, blue + y))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def self_test(url: str) -> List[str]:
    """What is wrong with the server at `url`, or with this file, tried with the builtin models; empty: nothing."""
    import tempfile

    wrong: List[str] = []

    def check(what: str, is_right: bool, seen: Any) -> None:
        print(("ok    " if is_right else "WRONG ") + what + ("" if is_right else ": " + str(seen)))
        if not is_right:
            wrong.append(what)

    def near(left: float, right: float) -> bool:
        return abs(left - right) < 1e-6

    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "origin.png"), "wb") as file:
            file.write(_paint())
        with open(os.path.join(folder, "broken.png"), "wb") as file:
            file.write(b"no picture")
        good = {
            "response": '<think>Still in color.</think>\n<score>{"semantic": 4, "quality": 8}</score>\n'
            "<answer>Convert the photo to black and white</answer>",
            "ground_truth": {"semantics": 3, "quality": 8},
            "origin_prompt": "Make it black and white",
            "previous_prompt": "grey",
            "origin_image_path": "origin.png",
        }
        inputs = [
            good,
            dict(good, ground_truth='{"semantics": 10, "quality": 10}'),
            dict(good, response="I would rather not."),
            dict(good, origin_image_path="absent.png"),
            dict(good, origin_image_path="broken.png"),
            dict(good, ground_truth=None),
        ]
        options = {"server": url, "editor": "builtin-retouch", "judge": "builtin-critic", "image_dir": folder}
        scores = compute_score(inputs, **options)
        again = compute_score(inputs, **options)
        mixed = compute_score(inputs[:1], formula="CODE_MIXED", **options)
        try:
            compute_score(inputs[:1], formula="PAPER", **options)
            refusal = None
        except RewardError as error:
            refusal = str(error)

    keys = {
        "overall",
        "format_reward",
        "viescore_accuracy_reward",
        "edited_image_reward_semantic",
        "edited_image_reward_quality",
        "idx",
    }
    check("every answer has a score with the keys of the trainer", all(set(score) == keys for score in scores), scores)
    check("the scores are in order", [score["idx"] for score in scores] == list(range(len(inputs))), scores)
    check("a good answer earns the format reward", scores[0]["format_reward"] == 1.0, scores[0])
    accuracy = scores[0]["viescore_accuracy_reward"]
    check("a guess that is off by 1 and 0 has an accuracy of 0.95", near(accuracy, 0.95), scores[0])
    check("a picture that does as asked is better than the last", scores[0]["edited_image_reward_semantic"] > 0.5, scores[0])
    check("and no better than a perfect one", scores[1]["edited_image_reward_semantic"] <= 0.5, scores[1])
    edited = 0.5 * scores[0]["format_reward"] + 0.5 * scores[0]["edited_image_reward_semantic"]
    check("the total is that of the code", near(scores[0]["overall"], edited), scores[0])
    check("an answer without tags has the fallback", near(scores[2]["overall"], 0.2), scores[2])
    check("so has one whose image is missing", near(scores[3]["overall"], 0.5 + 0.095 + 0.2), scores[3])
    check("and one whose image is none", near(scores[4]["overall"], 0.5 + 0.095 + 0.2), scores[4])
    check("and one without an evaluation", near(scores[5]["overall"], 0.7), scores[5])
    check("the same batch has the same rewards again", again == scores, again)
    better, cleaner = scores[0]["edited_image_reward_semantic"], scores[0]["edited_image_reward_quality"]
    total = 0.5 + 0.095 + 0.3 * better + 0.1 * cleaner
    check("the mixed form adds up", near(mixed[0]["overall"], total), mixed)
    check("a formula without its weights is refused", refusal is not None and "weights" in refusal, refusal)
    return wrong


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "--self-test":
        sys.exit("usage: python3 reward.py --self-test URL")
    try:
        faults = self_test(sys.argv[2])
    except RewardError as error:
        sys.exit("WRONG " + str(error))
    if faults:
        sys.exit("%d of the checks failed" % len(faults))
    print("The server at %s gives rewards as it should." % sys.argv[2])
