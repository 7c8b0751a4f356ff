"""Who answers in a conversation: rules that are built in and need no network, or any OpenAI-compatible chat of the user's."""

import http.client
import io
import json
import re
import urllib.error
import urllib.request
import uuid
import wave
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from thespis.apps.server.client import is_address
from thespis.apps.server.live.hearing import Turn
from thespis.errors import MediaError, ThespisError, UsageError
from thespis.types import EMOTION, random_for

SECONDS = 30.0
REMEMBERED = 20  # turns
LONGEST_ANSWER = 600  # characters
MANNER = (
    "You are a person in a spoken conversation. Answer in one to three short sentences of plain speech, without lists or markup. "
    "Begin each sentence with how you feel as a tag: [happy 0.7], [sad 0.5], [surprised 0.6], [angry 0.4], [fear 0.4], [disgusted 0.4], "
    "[contempt 0.3] or [neutral]."
)
TAG = re.compile(r"\[([^\]]{0,60})\]")
KNOWN = re.compile(rf"(?:{'|'.join(EMOTION.names)})(?:\s+[01](?:\.\d+)?)?")


class Partner(Protocol):
    """Answers what was said."""

    def answer(self, text: str) -> str:
        """Answer a text with a script: words and tags of feeling."""

    def answer_sound(self, turn: Turn) -> tuple[str, str]:
        """Answer something that was spoken -> what was understood ("" where nothing was), and a script."""


RULES: Sequence[tuple[str, Sequence[str]]] = (
    (r"\b(hello|hi|hey|good (morning|evening|day))\b", ("[happy 0.7] Hello! It is good to see you.", "[happy 0.6] Hi there. How are you?")),
    (r"\b(bye|goodbye|see you)\b", ("[happy 0.4] Goodbye! [sad 0.3] Come back soon.",)),
    (r"\b(your name|who are you)\b", ("[happy 0.5] I am a portrait that learned to act. [neutral] I follow a few rules.",)),
    (r"\b(thank|thanks)\b", ("[happy 0.7] You are very welcome.",)),
    (r"\b(sad|unhappy|lonely|lost|died|cry|hurt)\b", ("[sad 0.7] I am sorry to hear that. [sad 0.4] Do you want to tell me more?",)),
    (r"\b(happy|great|wonderful|won|love|good news)\b", ("[happy 0.9] Oh, that is wonderful! [happy 0.6] What happened next?",)),
    (r"\b(angry|furious|hate|unfair)\b", ("[angry 0.3] That sounds unfair. [neutral] What would make it right?",)),
    (r"\b(ghost|monster|afraid|scared|fear)\b", ("[fear 0.7] That frightens me a little. [neutral] Are you safe?",)),
    (r"\b(disgusting|rotten|slime)\b", ("[disgusted 0.7] Ugh. Please do not describe it.",)),
    (r"\b(surprise|guess what|secret)\b", ("[surprised 0.8] Really? Tell me everything!",)),
    (r"\bwhy\b.*\?", ("[neutral] I wonder about that too. [happy 0.3] What do you think?",)),
    (r"\?\s*$", ("[surprised 0.3] A good question. [neutral] I only know a few rules, so I cannot say.",)),
    (r"\bi(?: am| feel|'m) (?P<rest>[\w\s']{2,40})", ("[neutral] You say you are {rest}. [happy 0.3] Since when?",)),
)  # fmt: skip
GOING_ON = (
    "[neutral] I see. Please go on.",
    "[happy 0.3] Mm-hm. And then?",
    "[surprised 0.3] Oh? Tell me more.",
    "[neutral] I understand.",
)
HEARD = (
    "[happy 0.4] I heard your voice, and I like it. [neutral] My rules only read: write to me, or give me a chat of your own.",
    "[surprised 0.4] You spoke for quite a while! [happy 0.3] Go on, I enjoy listening.",
    "[happy 0.3] Mm-hm. I am listening.",
    "[neutral] I see. And then?",
)  # fmt: skip


class Rules:
    """A partner of a few rules. It reads what is written; of what is spoken it knows only that, and for how long."""

    def __init__(self, seed: int = 0) -> None:
        """Begin a conversation."""
        self._random = random_for(seed, "partner")
        self._spoken = 0

    def answer(self, text: str) -> str:
        """Answer by the first rule that fits."""
        for pattern, answers in RULES:
            found = re.search(pattern, text.lower())
            if found:
                chosen = str(answers[int(self._random.integers(len(answers)))])
                return chosen.format(**{name: spoken_to(value) for name, value in found.groupdict().items()})
        return str(GOING_ON[int(self._random.integers(len(GOING_ON)))])

    def answer_sound(self, turn: Turn) -> tuple[str, str]:
        """Answer that something was heard."""
        self._spoken += 1
        if self._spoken == 1:
            return "", HEARD[0]
        return "", HEARD[1] if turn.seconds > 12 else HEARD[2 + self._spoken % 2]


def spoken_to(words: str) -> str:
    """Turn what somebody says about themselves into what one says to them."""
    other = {"i": "you", "my": "your", "me": "you", "am": "are", "mine": "yours", "myself": "yourself"}
    return " ".join(other.get(word, word) for word in words.strip().split())


class Chat:
    """A partner behind an OpenAI-compatible address: /chat/completions answers, /audio/transcriptions understands what is spoken."""

    def __init__(self, address: str, model: str, key: str = "") -> None:
        """Know where to ask."""
        if not is_address(address):
            raise UsageError(f"a partner is 'rules' or an address such as http://localhost:11434/v1, not {address!r}")
        self._address, self._model, self._key = address.rstrip("/"), model, key
        self._said: deque[dict[str, str]] = deque(maxlen=REMEMBERED)

    def answer(self, text: str) -> str:
        """Ask the chat."""
        self._said.append({"role": "user", "content": text})
        asked = {"model": self._model, "messages": [{"role": "system", "content": MANNER}, *self._said], "max_tokens": 160}
        found = self._post("/chat/completions", json.dumps(asked).encode(), "application/json")
        try:
            content = found["choices"][0]["message"]["content"].strip()
        except (KeyError, IndexError, TypeError, AttributeError):
            raise MediaError("the chat's answer is not one of an OpenAI-compatible server") from None
        self._said.append({"role": "assistant", "content": content})
        return tidy(content)

    def answer_sound(self, turn: Turn) -> tuple[str, str]:
        """Let the same server write down what was spoken, and answer that."""
        edge = uuid.uuid4().hex
        about = f'--{edge}\r\nContent-Disposition: form-data; name="model"\r\n\r\n{self._model}\r\n'
        file = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="turn.wav"\r\nContent-Type: audio/wav\r\n\r\n'
        body = about.encode() + file.encode() + wav(turn) + f"\r\n--{edge}--\r\n".encode()
        found = self._post("/audio/transcriptions", body, f"multipart/form-data; boundary={edge}")
        text = str(found.get("text", "")).strip()
        return text, self.answer(text) if text else ""

    def _post(self, path: str, body: bytes, kind: str) -> dict[str, Any]:
        """Ask the server of the operator's choice."""
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {self._key}"} if self._key else {})
        try:
            with urllib.request.urlopen(urllib.request.Request(self._address + path, body, headers), timeout=SECONDS) as answer:
                found = json.loads(answer.read(1 << 20))
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            raise ThespisError(f"the chat does not answer: {error}") from None
        return found if isinstance(found, dict) else {}


def tidy(answer: str) -> str:
    """Keep of a chat's answer the words and the tags that are known; whatever else stands in brackets is left out."""
    kept = TAG.sub(lambda found: f"[{found[1].strip().lower()}]" if KNOWN.fullmatch(found[1].strip().lower()) else " ", answer)
    kept = re.sub(r"[*_`#<>]+", "", " ".join(kept.split()))
    return kept if len(kept) <= LONGEST_ANSWER else kept[:LONGEST_ANSWER].rsplit(".", 1)[0] + "."


def wav(turn: Turn) -> bytes:
    """Write a turn as a wav file."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(turn.rate)
        file.writeframes(np.asarray(np.clip(turn.samples, -1, 1) * 32767, "<i2").tobytes())
    return held.getvalue()


def partner_of(address: str, model: str, key: str, seed: int = 0) -> Partner:
    """Make a partner for one conversation."""
    return Rules(seed) if address == "rules" else Chat(address, model, key)
