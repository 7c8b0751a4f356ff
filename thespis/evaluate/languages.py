"""Whether the lips that are heard follow the phones in many languages: voices that were not in the training, saying new sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from thespis.evaluate.lips import Fit, Hits, closures, fit, meet
from thespis.evaluate.performing import curves_of
from thespis.speech.say import say
from thespis.talker import Talker

SENTENCES = {
    "en-us": "My brother and his family bought a big house near the river. Why do you want to go home so early? "
    "Maybe we will meet again tomorrow morning.",
    "de": "Mein Bruder und seine Familie haben ein großes Haus am Fluss gekauft. Warum willst du so früh nach Hause gehen? "
    "Vielleicht sehen wir uns morgen früh wieder.",
    "fr-fr": "Mon frère et sa famille ont acheté une grande maison près du fleuve. Pourquoi veux-tu rentrer si tôt? "
    "Peut-être nous reverrons-nous demain matin.",
    "es": "Mi hermano y su familia compraron una casa grande cerca del río. ¿Por qué quieres volver a casa tan temprano? "
    "Quizás nos veamos otra vez mañana por la mañana.",
    "it": "Mio fratello e la sua famiglia hanno comprato una grande casa vicino al fiume. Perché vuoi tornare a casa così presto? "
    "Forse ci rivedremo domani mattina.",
    "cmn": "我哥哥一家在河边买了一座大房子。你为什么这么早就想回家？也许我们明天早上会再见面。",
    "ja": "あにの かぞくは かわの ちかくに おおきな いえを かいました。どうして そんなに はやく かえりたいの ですか。"
    "あしたの あさ また あえるかもしれません。",
    "hi": "मेरे भाई और उसके परिवार ने नदी के पास एक बड़ा घर खरीदा। तुम इतनी जल्दी घर क्यों जाना चाहते हो? शायद हम कल सुबह फिर मिलेंगे।",
    "ar": "اشترى أخي وعائلته بيتا كبيرا قرب النهر. لماذا تريد أن تعود إلى البيت مبكرا؟ ربما نلتقي مرة أخرى صباح الغد.",
    "ru": "Мой брат и его семья купили большой дом у реки. Почему ты хочешь так рано пойти домой? "
    "Может быть, мы снова увидимся завтра утром.",
}
"""The same three sentences in every language; none of them is in the training."""

VOICES = ("+adam", "+anika", "+aunty", "+victor")
"""Throats that are not in the training."""

NEAR = 0.06  # seconds within which a closure is found


@dataclass(frozen=True)
class Heard:
    """How lips from the sound alone follow those from the exact phones of a voice."""

    voice: str
    opening: Fit
    width: Fit
    closures: Hits


def listen(talker: Talker, languages: Sequence[str], voices: Sequence[str] = VOICES) -> Iterator[tuple[str, Heard]]:
    """Let every voice speak in every language -> the language, and how well it is heard."""
    for language in languages:
        for throat in voices:
            speech = say(SENTENCES[language], language + throat)
            told, heard = curves_of(talker, speech), curves_of(talker, replace(speech, phones=None))
            rows = slice(0, min(len(told.opening), len(heard.opening)))
            at = told.seconds[rows]
            assert told.width is not None and heard.width is not None
            real, _ = closures(told.opening[rows], at)
            made, _ = closures(heard.opening[rows], at)
            yield (
                language,
                Heard(
                    language + throat,
                    fit(heard.opening[rows], at, told.opening[rows], at),
                    fit(heard.width[rows], at, told.width[rows], at),
                    meet(real, made, NEAR),
                ),
            )
