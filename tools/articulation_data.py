"""Made-up speech with exact mouths, for training the articulation network: the built-in voice in many languages, through bad microphones.

Everything follows from a seed: texts, voices, rooms, noise. No recording of anybody is used.
"""

from dataclasses import dataclass, replace

import numpy as np
import soxr
from articulation_sound import damaged, music, noise, shaped

from thespis.errors import MediaError
from thespis.features.ear import BANDS, HOP, Adaptation, Ear
from thespis.features.gestures import MOUTH, Gestures
from thespis.features.phone_classes import PHONE_CLASSES, SILENCE, timed_classes
from thespis.features.resample import RATE
from thespis.speech.say import say
from thespis.types import Array, Bytes, Phone, random_for

TARGETS = (*MOUTH, "speaking")
SOONER = 2  # rows by which closures are learned ahead of the gestures: real lips are seen closed that much before a network is sure of them

SENTENCES = {
    "en-us": "The baker put a warm loaf by the open window. My mother bought five blue plums for a pie. We whispered while the wolf "
    "walked through the wood. Have you ever moved a very heavy velvet sofa? Three thin thieves thought a thousand thoughts. "
    "She sells sharp shoes at the shop on Church Street. Please keep the green key in your jeans. Good food should look as good as it "
    "cooks. I would rather wait for the early train. Papa pulled a purple pumpkin out of the pond. What on earth are you talking about? "
    "No, I never said that he was wrong. Our house is about an hour away. Boys enjoy noisy toys. Make me a map of Miami, Bob.",
    "en-gb": "Father asked for half a glass of water. The weather on the moors was rather bleak. Would you mind passing the marmalade? "
    "Perhaps we ought to move the piano before Monday. Nobody knows where the old road goes. A little bird sat upon the wall.",
    "de": "Der Bäcker bringt am Morgen frische Brötchen. Über sieben Brücken musst du gehen. Wir fuhren mit dem Fahrrad zum Flughafen. "
    "Schöne Mädchen küssen böse Füchse. Mama malt einen bunten Baum. Warum willst du heute nicht mitkommen? Peter pflückt Pflaumen.",
    "fr-fr": "Où as-tu mis la petite boîte bleue? Une vieille femme vend des pommes vertes. Nous voulons voir la mer demain matin. "
    "Il fait beaucoup trop froid pour sortir. Papa prépare un bon potage. Le jeune homme lut un livre sur la lune. "
    "Un bon vin blanc, s'il vous plaît. Elle a vu deux oiseaux bleus dans le jardin. Quand viendrez-vous chez nous? La pluie tombe depuis "
    "huit heures. J'ai peur qu'il soit trop tard pour le train. Chacun son tour, monsieur. On a mangé du pain et du fromage. Ma sœur joue "
    "du piano tous les jeudis. Rien ne bouge sous l'ombre du grand chêne. Vingt et un, quarante-cinq, quatre-vingt-dix. "
    "Le boulanger ouvre sa boutique avant l'aube. Mes parents ont vendu leur vieille ferme. Pourrais-tu me prêter ton parapluie? "
    "Nous avons marché longtemps au bord du lac. Pierre veut apprendre le chinois. Ta sœur est-elle revenue de Bruxelles? Un peu "
    "de beurre suffit. La maîtresse écrit au tableau. Il neige depuis dimanche soir. Leur famille habite au-dessus de la "
    "pharmacie. Quel dommage que tu ne puisses pas venir! On entend parfois les grenouilles. Je me souviens bien de cette "
    "chanson. Le chien du voisin aboie toute la nuit. Elle a acheté du poisson, des pommes et du poivre. Fais attention à la "
    "marche. Peut-être pleuvra-t-il encore vendredi. Mon oncle répare des montres anciennes. Tu feras comme tu voudras. L'homme "
    "au chapeau gris a disparu. Les feuilles mortes couvrent le chemin. Combien de fois faut-il le répéter? Ce fauteuil vert me "
    "plaît beaucoup. Bruno joue aux échecs avec son frère. Demande à quelqu'un d'autre. Vous trouverez la gare au bout de la rue. "
    "J'aimerais mieux rentrer à pied. Aucun bruit ne montait de la maison. Nos amis partent demain pour le Portugal. Il faut "
    "mélanger la farine et les œufs. Pendant l'hiver, l'ours dort au fond de sa grotte. Le fleuve a débordé au printemps. Bonjour "
    "madame, auriez-vous une minute? Simon et Émilie se marient en juin. Trop de monde attendait le bus. Où sont passées mes "
    "chaussures? Une ombre passa derrière la vitre. C'est un problème important, mais simple. Personne ne m'a prévenu. Bien sûr, "
    "prends un morceau de pain.",
    "es": "Mi mamá me mima mucho por la mañana. El perro de Pablo bebe agua fría. Vamos a pasear por el parque bonito. "
    "Cinco jóvenes corrían hacia la estación. La guitarra suena muy bien en la plaza.",
    "it": "La bambina mangia un pomodoro maturo. Domani mattina partiremo per la montagna. Il gatto bianco dorme sopra il tavolo. "
    "Che bella giornata, andiamo al mare! Gli amici bevono vino buono.",
    "pt-br": "O menino comprou um bolo de banana. Amanhã vamos à praia com os amigos. A mãe falou muito bem da viagem. "
    "Que horas são? Eu não sei. Um pássaro bonito cantava na janela.",
    "nl": "De oude man woont in een mooi huis bij het water. Wij willen graag een broodje met kaas. Morgen vroeg gaan we fietsen. "
    "Waarom lach je om mijn blauwe broek?",
    "sv": "Mamma bakar bullar i köket. Vi ska åka båt på sjön i sommar. Har du sett min blåa mössa? Fem små fåglar sjöng hela morgonen.",
    "pl": "Babcia piecze dobry placek ze śliwkami. W Szczebrzeszynie chrząszcz brzmi w trzcinie. Moja mama lubi białe kwiaty. "
    "Proszę powiedzieć, która jest godzina.",
    "ru": "Мама мыла раму, а папа пил чай. Вчера вечером мы ходили в большой парк. Почему ты молчишь? Белый пароход плывёт по морю. "
    "Моя бабушка любит петь песни. Сегодня очень хорошая погода, и мы пойдём гулять. Сколько стоит этот билет? Я люблю читать книги "
    "перед сном. Двадцать пять человек ждали поезда на вокзале. Пожалуйста, закройте дверь. Она живёт в тихом городе. Что вы будете "
    "делать в субботу? Рыжий кот прыгнул на крышу. Дети бегают по мокрой траве. Ты слышал, как шумит лес? Мышь съела весь сыр. "
    "Возьми с собой тёплую шубу и чёрные ботинки. Щука плывёт быстро. Ему нужно уехать в июле.",
    "tr": "Bugün hava çok güzel, parka gidelim mi? Babam bahçede büyük bir ağaç buldu. Küçük kuş pencerenin önünde öttü.",
    "hi": "मेरी माँ बाज़ार से फल लाती है। आज मौसम बहुत अच्छा है। पापा मुझे एक किताब देते हैं। तुम कहाँ जा रहे हो?",
    "ar": "ذهب الولد إلى المدرسة مع أمه. الطعام لذيذ جدا اليوم. أين وضعت المفتاح؟ البيت الكبير قريب من البحر.",
    "cmn": "我爸爸每天早上跑步。今天天气很好，我们去公园吧。妈妈买了五个苹果。你叫什么名字？北方的冬天非常冷。请问火车站怎么走？"
    "他喜欢喝热咖啡，不喜欢喝茶。那只白色的小猫在桌子下面睡觉。老师说这个问题很容易。绿色的雨伞是谁的？四十四只石狮子。"
    "月亮出来了，星星也亮了。弟弟学游泳学得很快。中国菜和法国菜都好吃。别忘了给奶奶打电话。春天的花园里开满了红花。二三月常常下雨。"
    "请把窗户关上，外面风太大。他住在上海，我住在广州。",
    "ja": "わたしの ははは まいあさ パンを やきます。きょうは いい てんき ですね。ぼくは ふるい ほんを よみました。",
    "ko": "어머니는 매일 아침 빵을 만드신다. 오늘은 날씨가 아주 좋습니다. 우리 같이 공원에 갈까요?",
    "id": "Ibu membeli buah mangga di pasar pagi. Kami pergi ke pantai bersama teman. Bapak minum kopi pahit.",
    "sw": "Mama anapika ugali jikoni. Watoto wanapenda kucheza mpira. Baba amenunua baiskeli mpya.",
    "vi": "Mẹ tôi mua năm quả táo ở chợ. Hôm nay trời đẹp quá. Bạn muốn uống cà phê không?",
    "fi": "Äiti leipoo hyvää pullaa. Tänään on kaunis päivä. Poika luki vanhan kirjan yöllä.",
    "hu": "Anyám finom almás pitét sütött. Ma nagyon szép idő van. Bementünk a boltba kenyérért.",
    "cs": "Maminka peče dobrý koláč. Dnes je opravdu krásné počasí. Můj bratr má velkého psa.",
    "ro": "Mama face o plăcintă bună cu mere. Astăzi este o zi frumoasă. Băiatul merge pe bicicletă.",
    "el": "Η μαμά φτιάχνει μια ωραία πίτα. Σήμερα ο καιρός είναι πολύ καλός. Πού πας απόψε;",
    "da": "Min mor bager brød hver morgen. Vi skal ud at sejle i dag. Har du set min blå bog?",
}
OFTEN = ("en-us", "en-us", "en-gb", "fr-fr", "fr-fr", "fr-fr", "cmn", "cmn", "ru", "ru")
"""English is what most will say; French has many round vowels, and with Mandarin and Russian it is the hardest to tell."""
LATIN = ("en-us", "en-gb", "de", "fr-fr", "es", "it", "pt-br", "nl", "sv", "pl", "tr", "id", "sw", "fi", "hu", "cs", "ro", "da")
VOICES = (
    "", "", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+m8", "+f1", "+f2", "+f3", "+f4", "+f5", "+klatt", "+klatt2", "+klatt3",
    "+klatt4", "+Annie", "+Andrea", "+belinda", "+linda", "+steph", "+Alicia", "+Gene", "+Hugo", "+Lee", "+Mario", "+Michael", "+paul",
    "+David", "+john", "+Reed", "+boris", "+grandma", "+grandpa", "+whisperf", "+whisper", "+croak",
    "+Alex", "+Andy", "+announcer", "+antonio", "+AnxiousAndy", "+benjamin", "+caleb", "+Denis", "+Diogo", "+ed", "+edward", "+Gene2",
    "+gustave", "+Henrique", "+ian", "+iven", "+iven3", "+Jacky", "+kaukovalta", "+klatt5", "+klatt6", "+marcelo", "+Marco", "+max",
    "+michel", "+miguel", "+Mike", "+norbert", "+pablo", "+pedro", "+quincy", "+rob", "+robert", "+sandro", "+shelby", "+steph2",
    "+steph3", "+Storm", "+travis", "+Tweaky", "+zac",
)  # fmt: skip
ONSETS = (
    "p", "b", "m", "f", "v", "t", "d", "n", "s", "z", "l", "r", "k", "g", "h", "w",
    "j", "sh", "ch", "th", "pl", "br", "fr", "tr", "kr", "st", "sp", "sm", "bl", "gl", "dr", "mb", "nt",
)  # fmt: skip
RHYMES = (
    "a", "e", "i", "o", "u", "ai", "au", "oi", "ee", "oo", "ou", "ar", "er", "or", "an", "en",
    "in", "on", "um", "am", "em", "ap", "ep", "op", "ab", "ob", "of", "iv", "ash", "eth", "ock", "ing",
)  # fmt: skip


@dataclass(frozen=True)
class Example:
    """One stretch of sound as the network meets it, 100 rows a second: `inputs` (rows, BANDS), `targets` (rows, len(TARGETS)).

    `phones` (rows,) are columns of PHONE_CLASSES, 255 where nobody knows.
    """

    inputs: Array
    targets: Array
    phones: Bytes


def invented(rng: np.random.Generator) -> str:
    """Make up a word of one to three syllables."""
    return "".join(str(rng.choice(ONSETS)) + str(rng.choice(RHYMES)) for _ in range(rng.integers(1, 4)))


def text(rng: np.random.Generator, language: str) -> str:
    """Make up something to say: sentences, shuffled words, invented words, numbers."""
    own = SENTENCES[language]
    match rng.integers(4):
        case 0 | 1:
            parts = [part.strip() for part in own.replace("。", ".").replace("।", ".").replace("?", "?.").split(".") if part.strip()]
            return ". ".join(rng.choice(parts, size=min(3, len(parts)), replace=False))
        case 2 if language in LATIN:
            words = [invented(rng) for _ in range(rng.integers(6, 14))]
            return " ".join(words[: len(words) // 2]) + ", " + " ".join(words[len(words) // 2 :]) + "."
        case 3:
            return " ".join(str(int(number)) for number in 10 ** rng.uniform(0, 3.5, size=rng.integers(2, 5))) + ". " + own.split(".")[0]
    words = own.split()
    return " ".join(rng.choice(words, size=min(len(words), 12)))


def heard(samples: Array, rows: int) -> Array:
    """Hear samples (n,) as the stage does -> inputs (rows, BANDS)."""
    ear, adaptation = Ear(pitch=False), Adaptation()
    needed = (rows + HOP) * RATE // 100 + 2 * ear.margin
    groups = ear(np.concatenate([samples, np.zeros(max(needed - len(samples), 0), np.float32)]))
    return np.concatenate([adaptation(group) for group in groups])[:rows] if groups else np.zeros((0, BANDS), np.float32)


def labels(phones: tuple[Phone, ...], rows: int) -> tuple[Array, Bytes]:
    """Turn timed phones into what mouth and voice do: targets (rows, len(TARGETS)), classes (rows,)."""
    mouth = Gestures()
    mouth.add(phones)
    targets = np.zeros((rows, len(TARGETS)), np.float32)
    targets[:, : len(MOUTH)] = mouth.rows(0, rows)
    closure = MOUTH.index("closure")
    targets[: rows - SOONER, closure] = targets[SOONER:rows, closure].copy()
    for phone in phones:
        targets[max(round(phone.start * 100) - 4, 0) : round(phone.end * 100) + 6, TARGETS.index("speaking")] = 1
    found = np.full(rows, PHONE_CLASSES.column(SILENCE), np.uint8)
    for name, start, end in timed_classes(phones):
        # espeak times a voiceless stop at its burst; its closure is heard, or rather not heard, before.
        early = 0.045 if name in "ptk" else 0.0
        found[max(round((start - early) * 100), 0) : round(end * 100)] = PHONE_CLASSES.column(name)
    return targets, found


def quiet(rng: np.random.Generator) -> Example:
    """Make an example in which nobody speaks."""
    count = int(RATE * rng.uniform(4, 8))
    samples = music(rng, count) if rng.random() < 0.6 else noise(rng, count)
    samples = shaped(rng, samples + (noise(rng, count) * rng.uniform(0, 0.3) if rng.random() < 0.5 else 0))
    samples *= 10 ** rng.uniform(-2.6, -0.8)
    if rng.random() < 0.3:
        samples[: rng.integers(count)] *= 10 ** rng.uniform(-4, -1)
    rows = count // (RATE // 100)
    return Example(heard(samples, rows), *labels((), rows))


def voiced_text(rng: np.random.Generator) -> tuple[Array, tuple[Phone, ...]]:
    """Say something made up with a made-up throat -> samples (n,) at RATE, phones; MediaError where nothing can be pronounced."""
    language = str(rng.choice(list(SENTENCES))) if rng.random() < 0.6 else str(rng.choice(OFTEN))
    voice = language + str(rng.choice(VOICES))
    speed, pitch, spread = int(rng.integers(100, 260)), int(rng.integers(5, 95)), int(rng.integers(10, 100))
    speech = say(text(rng, language), voice, rate=speed, pitch=pitch, variation=spread)
    speech = speech.cut(0, int(speech.rate * 14))
    # Played a little slower or faster, throat and pitch change together, as from child to giant.
    stretch = float(np.exp(rng.uniform(-0.16, 0.16)))
    samples = soxr.resample(speech.mono(), speech.rate, RATE * stretch).astype(np.float32)
    lead = rng.uniform(0, 0.8) if rng.random() < 0.5 else 0.0
    phones = tuple(replace(p, start=p.start * stretch + lead, end=p.end * stretch + lead) for p in speech.phones or ())
    return np.concatenate([np.zeros(int(lead * RATE), np.float32), samples, np.zeros(int(RATE * rng.uniform(0, 0.6)), np.float32)]), phones


def spoken(rng: np.random.Generator) -> Example:
    """Make an example of made-up speech."""
    try:
        samples, phones = voiced_text(rng)
    except MediaError:
        return quiet(rng)  # shuffled digits can leave nothing to pronounce
    # Somebody behind: the same voice from another moment, a little higher.
    other = np.roll(samples, len(samples) // 2)[:: -1 if rng.random() < 0.5 else 1]
    samples = damaged(rng, samples, other)
    rows = len(samples) // (RATE // 100)
    return Example(heard(samples, rows), *labels(phones, rows))


def example(seed: int, number: int) -> Example:
    """Make example `number`: one in nine is noise or music without a voice."""
    rng = random_for(seed, f"articulation example {number}")
    return quiet(rng) if rng.random() < 0.11 else spoken(rng)
