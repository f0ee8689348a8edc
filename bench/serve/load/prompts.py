"""Prompts of a given number of words, the same for the same seed.

The words are common English ones made of consonant-vowel pairs: one token each for the tokenizers of real models and
nearly so for the vocabulary that `quern synth` writes, so that 900 words are about 900 tokens anywhere.
"""
import random

WORDS = """to do go so no me he we be bone make take home time like name line fire face tale sale male lake cake rice nice
mile wine nose rose code note vote safe late date gate game same came wave cave save give live love move more sure pure cure
tube cube huge mule rule tune dune rude bike hike side ride wide hide five dive size wise rise tide life wife bite site kite
hole pole role rope hope joke poke zone tone cone done none gone solo data zero tuna kilo logo menu lava sofa soda coma
tomato potato banana""".split()


class Prompts:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def words(self, n):
        return " ".join(self.random.choices(WORDS, k=n))

    def nonce(self):
        """Eight hexadecimal digits, the first a letter and the last a digit."""
        digits = "0123456789abcdef"
        middle = "".join(self.random.choices(digits, k=6))
        return self.random.choice("abcdef") + middle + self.random.choice("0123456789")

    def chat_words(self, median, sigma=0.8, most=600):
        """Lengths of chat turns: log-normal, many short and few long ones."""
        return max(3, min(most, int(self.random.lognormvariate(0, sigma) * median)))
