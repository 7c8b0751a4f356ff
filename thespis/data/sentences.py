"""What is said on the made-up stage: our own sentences in twelve languages, each written to be felt in one way."""

from dataclasses import dataclass
from typing import Literal

from thespis.types import EMOTION

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

TEXTS: dict[str, dict[str, tuple[str, ...]]] = {
    "en-us": {
        "neutral": (
            "The early bus leaves from the other platform, five minutes after the hour.",
            "Please put the yellow folder beside the window and measure both shelves.",
        ),
        "angry": ("I told you twice, and you broke it anyway! Get out of my kitchen!", "How dare you read my letters behind my back!"),
        "contempt": ("Oh, wonderful. Another one of your brilliant plans.", "He calls that work? My goldfish could do better."),
        "disgusted": ("Ugh, this milk has been sour for weeks. Take it away!", "There is something slimy under the carpet, and it smells."),
        "fear": ("Did you hear that? Somebody is walking around upstairs!", "Please, don't switch the light off. It is still in here."),
        "happy": (
            "We made it! They all said yes, every single one of them!",
            "What a beautiful morning, the whole garden is full of birds!",
        ),
        "sad": (
            "She would have loved this song. I miss her more every winter.",
            "We closed the little shop today, and nobody even noticed.",
        ),
        "surprised": ("What? You were behind the door this whole time?", "No way! The very same number, twice in a row!"),
    },
    "de": {
        "neutral": ("Der Zug nach Köln fährt heute von Gleis vier ab.",),
        "angry": ("Jetzt reicht es mir aber, hör endlich auf damit!",),
        "contempt": ("Ach, das nennst du also aufgeräumt?",),
        "disgusted": ("Pfui, im Kühlschrank lebt ja schon etwas!",),
        "fear": ("Bitte bleib hier, da unten bewegt sich jemand.",),
        "happy": ("Wir haben gewonnen, ich könnte die ganze Welt umarmen!",),
        "sad": ("Seit er fort ist, ist das Haus viel zu still.",),
        "surprised": ("Was, ihr seid alle meinetwegen gekommen?",),
    },
    "fr-fr": {
        "neutral": ("La bibliothèque ouvre demain à neuf heures et demie.",),
        "angry": ("Ça suffit maintenant, rends-moi mes clés tout de suite!",),
        "contempt": ("Bravo, même un enfant aurait fait mieux que toi.",),
        "disgusted": ("Beurk, cette soupe sent le poisson pourri!",),
        "fear": ("Ne bouge pas, j'entends quelqu'un derrière la porte.",),
        "happy": ("Quelle joie de vous revoir tous ensemble ce soir!",),
        "sad": ("Il pleut encore, et ta chaise reste toujours vide.",),
        "surprised": ("Comment, tu as déjà fini tout le travail?",),
    },
    "es": {
        "neutral": ("La reunión empieza a las ocho en la sala pequeña.",),
        "angry": ("¡Basta ya, no me vuelvas a mentir nunca más!",),
        "contempt": ("Claro, el gran experto nunca se equivoca.",),
        "disgusted": ("¡Qué asco, hay gusanos en la fruta!",),
        "fear": ("Por favor, no abras esa puerta, tengo miedo.",),
        "happy": ("¡Por fin llegaron las vacaciones, qué alegría!",),
        "sad": ("Ya nadie toca el piano desde que te fuiste.",),
        "surprised": ("¿De verdad, todo esto es para mí?",),
    },
    "it": {
        "neutral": ("Il mercato apre ogni giovedì vicino alla chiesa.",),
        "angry": ("Adesso basta, sono stufo delle tue bugie!",),
        "contempt": ("Complimenti, ci voleva proprio un genio come te.",),
        "disgusted": ("Che schifo, il formaggio è tutto verde!",),
        "fear": ("Aspetta, c'è qualcuno nel buio che ci guarda.",),
        "happy": ("Che bella giornata, andiamo tutti insieme al mare!",),
        "sad": ("Non suona più nessuno in questa vecchia casa.",),
        "surprised": ("Ma come, siete già qui tutti quanti?",),
    },
    "pt-br": {
        "neutral": ("A padaria da esquina abre às seis da manhã.",),
        "angry": ("Chega, você estragou tudo outra vez!",),
        "contempt": ("Parabéns, que ideia mais brilhante a sua.",),
        "disgusted": ("Que nojo, tem um bicho morto na sopa!",),
        "fear": ("Fica comigo, eu ouvi passos lá embaixo.",),
        "happy": ("Conseguimos, hoje a festa é por nossa conta!",),
        "sad": ("Faz um ano que ninguém mais ri nesta casa.",),
        "surprised": ("Nossa, você cortou o cabelo inteiro?",),
    },
    "nl": {
        "neutral": ("De trein naar Utrecht vertrekt over tien minuten.",),
        "angry": ("Nu is het genoeg, blijf van mijn spullen af!",),
        "contempt": ("Goh, heb je dat helemaal zelf bedacht?",),
        "disgusted": ("Bah, die vis ligt daar al een week!",),
        "fear": ("Stil, er loopt iemand door de gang.",),
        "happy": ("Wat heerlijk, eindelijk zijn we weer samen!",),
        "sad": ("Zijn jas hangt nog altijd bij de voordeur.",),
        "surprised": ("Hè, hoe ben jij hier zo snel gekomen?",),
    },
    "pl": {
        "neutral": ("Sklep przy rynku jest dziś otwarty do piątej.",),
        "angry": ("Dosyć tego, oddaj mi natychmiast te pieniądze!",),
        "contempt": ("No tak, mistrz świata się odezwał.",),
        "disgusted": ("Fuj, to mięso okropnie śmierdzi!",),
        "fear": ("Cicho, ktoś stoi za oknem i patrzy.",),
        "happy": ("Udało się, jestem dziś najszczęśliwszy na świecie!",),
        "sad": ("Dom jest pusty, odkąd wyjechałaś.",),
        "surprised": ("Co, naprawdę przyszliście tutaj pieszo?",),
    },
    "ru": {
        "neutral": ("Автобус до вокзала приходит через десять минут.",),
        "angry": ("Хватит, сколько раз мне это повторять!",),
        "contempt": ("Ну конечно, ты же у нас самый умный.",),
        "disgusted": ("Фу, какая гадость, убери это немедленно!",),
        "fear": ("Не уходи, там кто-то стоит в темноте.",),
        "happy": ("Ура, мы наконец-то дома, как я рада!",),
        "sad": ("Теперь по вечерам здесь никто не поёт.",),
        "surprised": ("Как, неужели вы всё это время молчали?",),
    },
    "sv": {
        "neutral": ("Färjan till ön går varje timme från kajen.",),
        "angry": ("Nu räcker det, ge tillbaka min cykel genast!",),
        "contempt": ("Jaha, det var ju verkligen imponerande.",),
        "disgusted": ("Usch, den här osten har blivit alldeles grön!",),
        "fear": ("Vänta, någon andas bakom dörren.",),
        "happy": ("Åh, så underbart att se er allihop igen!",),
        "sad": ("Gungan i trädgården står alldeles stilla nu.",),
        "surprised": ("Va, har du byggt hela båten själv?",),
    },
    "tr": {
        "neutral": ("Vapur yarın sabah saat dokuzda kalkıyor.",),
        "angry": ("Yeter artık, bana bir daha yalan söyleme!",),
        "contempt": ("Aman ne güzel, büyük usta konuştu.",),
        "disgusted": ("Iyy, bu çorba çok kötü kokuyor!",),
        "fear": ("Dur, aşağıda birisi yürüyor galiba.",),
        "happy": ("Yaşasın, sonunda hep birlikte buradayız!",),
        "sad": ("O gittiğinden beri evde hiç ses yok.",),
        "surprised": ("Ne, bütün bunları tek başına mı yaptın?",),
    },
    "cmn": {
        "neutral": ("明天上午九点我们在图书馆门口见面。",),
        "angry": ("够了，你为什么又把我的东西弄坏！",),
        "contempt": ("哼，这也算是你的本事吗？",),
        "disgusted": ("真恶心，这鱼已经臭了好几天！",),
        "fear": ("别开门，外面好像有人在走。",),
        "happy": ("太好了，我们终于又在一起了！",),
        "sad": ("他走了以后，院子里再也没有笑声。",),
        "surprised": ("什么，你一个人做完了这么多？",),
    },
}
LANGUAGES = tuple(TEXTS)
SONG = ("la la la, the river is long, and the moon is low", "oh, my love, come home with me, over the hills, over the sea")
"""What is sung; the melody is made up for each clip."""
STEPS = (-5, -3, -1, 0, 2, 4, 5, 7)
"""Of a melody, in semitones from the voice's middle: a scale."""
VOICES: dict[Split, dict[bool, tuple[str, ...]]] = {
    "train": {True: ("f1", "f2", "f3", "Annie"), False: ("m1", "m2", "m3", "m4", "m5", "m6")},
    "validation": {True: ("f4",), False: ("m7",)},
    "test": {True: ("f5",), False: ("m8",)},
}
"""Throats of espeak-ng, for women and men: no throat is heard in two splits."""


@dataclass(frozen=True)
class Sentence:
    """One sentence: its `name`, such as "de/angry/0", the `language`, the `emotion` it was written for, and its `text`."""

    name: str
    language: str
    emotion: str
    text: str

    @property
    def split(self) -> Split:
        """Where it is said: every emotion and every language comes in every split."""
        number = int(self.name.rsplit("/", 1)[1])
        turn = (LANGUAGES.index(self.language) + EMOTION.names.index(self.emotion) + 3 * number) % 6
        return "validation" if turn == 4 else "test" if turn == 5 else "train"


def sentences(split: Split) -> tuple[Sentence, ...]:
    """List the sentences of a split."""
    every = (
        Sentence(f"{language}/{emotion}/{number}", language, emotion, text)
        for language, felt in TEXTS.items()
        for emotion, texts in felt.items()
        for number, text in enumerate(texts)
    )
    return tuple(sentence for sentence in every if sentence.split == split)
