"""From a text to the words that are counted."""

import re
import unicodedata

__all__ = ["content_words"]

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_FUNCTION_WORD_LIST = """
    a about above after against all also although among an and another any are around as at away be because been
    before being below between both but by can could did do does doing done down during each either else especially
    etc even every few for from further had has have having he her here hers him his how i if in into is it its itself
    just least less made many may me might more most much must my near neither no nor not of off often on once one
    only onto or other others our out over own per rather same she should since so some somewhat such than that the
    their them then there these they this those through thus to too toward towards under unto up upon used using
    usually various very was we were what when where whether which while who whom whose why will with within without
    would yet you your
"""
_FUNCTION_WORDS = frozenset(_FUNCTION_WORD_LIST.split())


def content_words(text: str) -> list[str]:
    """Words in lower case, English plurals cut back, English function words left out.

    Words of other languages stay as they are. Compounds with a hyphen stay whole.

    >>> content_words("Any of several large cats, typically able to roar")
    ['several', 'large', 'cat', 'typically', 'able', 'roar']
    """
    lowered = unicodedata.normalize("NFC", text).casefold()
    return [_singular(word) for word in _WORD.findall(lowered) if word not in _FUNCTION_WORDS]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word[-1] == "s" and word[-2] not in "isu'’":
        return word[:-1]
    return word
