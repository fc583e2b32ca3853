"""However broken a file is, only errors of this project come out, each of them one sentence."""

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st
from uploads import upload

from tsanomaly.errors import TsAnomalyError
from tsanomaly.series import Reading, read_file

SOUND = (
    "time;wert;zustand;label\n"
    + "".join(f"{day:02d}.03.2024 00:00;{day / 7:.3f};ok;{day % 2}\n".replace(".", ",", 0) for day in range(1, 29))
).encode()

FRAGMENTS = [b"\x00", b'"', b"\n", b"\r", b";", b",", b" ", b"\t", b"|", b"'", b"\\", b"#", b"-", b"\xe4", b"9" * 40]
FRAGMENTS += [b"nan", b"inf", b"1e999", b"31.02.2024", b"2024-13-01", b"0000-00-00", b"9999-12-31 23:59:59", b"+99:99"]
FRAGMENTS += [b"\xff\xfe", b"\xef\xbb\xbf", b"\x1f\x8b", b"PK\x03\x04", b"PAR1", b"sep=x\n", b"=cmd()", b"<script>"]


def read_or_refuse(content: bytes, name: str = "upload.csv") -> None:
    try:
        reading = read_file(upload(content, name))
    except TsAnomalyError as error:
        sentence = str(error)
        assert sentence
        assert "Traceback" not in sentence
        assert len(sentence) < 1000
    else:
        assert isinstance(reading, Reading)
        assert all(len(series) <= 20 * reading.diagnosis.rows + 1_000_000 for series in reading)
        assert reading.diagnosis.lines()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
@example(b"PAR1" + b"\x00" * 20 + b"PAR1")
@example(b"\x1f\x8b\x08" + b"\x00" * 20)
@example(b"PK\x05\x06" + b"\x00" * 18)
@example(b"\xff\xfe\x00")
@example(b"0001-01-01,1\n0001-01-02,2\n")
@example(b"time,v\n2024-01-01T00:00+99:99,1\n2024-01-02T00:00+00:00,2\n")
def test_random_bytes_are_read_or_refused_in_one_sentence(content: bytes) -> None:
    read_or_refuse(content)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='0123456789-:.,;+eET \n\r"\tabZ/', max_size=200))
def test_text_that_nearly_is_a_table_is_read_or_refused(text: str) -> None:
    read_or_refuse(text.encode())


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_a_mutated_table_is_read_or_refused(seed: int, mutations: int) -> None:
    chance = random.Random(seed)
    content = bytearray(SOUND)
    for _ in range(mutations):
        place = chance.randrange(len(content))
        match chance.randrange(4):
            case 0:
                content[place : place + chance.randrange(1, 30)] = chance.choice(FRAGMENTS)
            case 1:
                content[place:place] = chance.choice(FRAGMENTS)
            case 2:
                del content[place : place + chance.randrange(1, 60)]
            case _:
                content[place] = chance.randrange(256)
        content = content or bytearray(b"\n")
    read_or_refuse(bytes(content))
