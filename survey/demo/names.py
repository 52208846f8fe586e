"""Names for the people of the demo garage; common ones, drawn apart, so that nobody real is meant."""

from collections.abc import Sequence

_FIRST: str = (
    "Jan|Piet|Kees|Henk|Gerrit|Willem|Bas|Daan|Sem|Lucas|Thijs|Ruben|Sander|Jeroen|Maarten|Frank|Peter|Johan|Dirk|"
    "Hans|Theo|Ben|Rob|Ton|Leo|Bram|Jesse|Lars|Mees|Finn|Max|Tim|Niels|Wouter|Robin|Floris|Hugo|Jasper|Mark|Paul|"
    "Anna|Maria|Johanna|Els|Truus|Riet|Ans|Annie|Bep|Corrie|Emma|Julia|Sophie|Lotte|Fleur|Eva|Sanne|Iris|Lisa|Maud|"
    "Noor|Tess|Roos|Zoë|Loïs|Chloé|Renée|Marloes|Petra|Ingrid|Karin|Astrid|Wilma|Gerda|Hennie|Tineke|Nel|José|"
    "Fatima|Aïsha|Samira|Youssef|Omar|Mehmet|Ayşe|Emre|Elif|Chantal|Naomi|Winston|Sharita|Agnieszka|Piotr|Mirela"
)
_LAST: str = (
    "de Jong|Jansen|de Vries|van den Berg|van Dijk|Bakker|Janssen|Visser|Smit|Meijer|de Boer|Mulder|de Groot|Bos|"
    "Vos|Peters|Hendriks|van Leeuwen|Dekker|Brouwer|de Wit|Dijkstra|Smits|de Graaf|van der Meer|van der Linden|Kok|"
    "Jacobs|de Haan|Vermeulen|van den Heuvel|van der Veen|van den Broek|de Bruin|van der Heijden|Schouten|van Beek|"
    "Willems|van Vliet|van de Ven|Hoekstra|Maas|Verhoeven|Koster|van Dam|van der Wal|Prins|Blom|Huisman|Peeters|"
    "de Jonge|Kuipers|van Veen|Post|Kuiper|Veenstra|Kramer|van den Brink|Scholten|van Wijk|Postma|Martens|"
    "Vink|de Ruiter|Timmermans|Groen|Gerritsen|Jonker|van Loon|Boer|van der Velde|Willemsen|Smeets|de Lange|"
    "de Vos|Bosch|van Dongen|Schipper|de Koning|van der Laan|Koning|Driessen|van Doorn|Hermans|Evers|"
    "van den Bosch|van der Meulen|Hofman|Bosman|Wolters|Sanders|van der Horst|Mol|Kuijpers|Molenaar|Yılmaz|"
    "Kaya|El Amrani|Bouzidi|Kowalski|Nowak|Tjon-A-Fat|Pengel|Weustink|Nijenhuis|Wassink|Ten Brinke"
)
_FIRST_ENGLISH: str = (
    "James|Oliver|Emily|Grace|Daniel|Hannah|Thomas|Sarah|Laura|Adam|Priya|Arjun|Chidi|Amara|Wei|Ana|Pedro|Marta|"
    "Luca|Giulia|Karl|Ingrid|Sean|Niamh|Callum|Fiona|Rachel|Nathan|Olga|Ivan"
)
_LAST_ENGLISH: str = (
    "Smith|Jones|Taylor|Brown|Wilson|Evans|Walker|Wright|Hughes|Green|Patel|Sharma|Okafor|Chen|Silva|Costa|Rossi|"
    "Bianchi|Müller|Schmidt|Murphy|Kelly|Campbell|Stewart|Petrov|Novak|Fischer|Moore|Clark|Hall"
)


def full_name(luck: Sequence[float], english: bool) -> str:
    """A first and last name for two numbers in [0, 1); a third now and then gives an initial instead."""
    first = _pick(_FIRST_ENGLISH if english else _FIRST, luck[0])
    last = _pick(_LAST_ENGLISH if english else _LAST, luck[1])
    if luck[2] < 0.12:
        first = f"{first[0]}."
    return f"{first} {last}"


def _pick(line: str, luck: float) -> str:
    choices = line.split("|")
    return choices[int(luck * len(choices))]
