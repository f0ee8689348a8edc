"""The shell commands that the documentation and --help show, as blocks of lines that belong together."""
import re
import shutil
from dataclasses import dataclass, field

SHELL_LANGUAGES = ("sh", "bash", "shell", "console")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.S | re.M)


@dataclass
class Command:
    text: str  # without a comment behind it; continued lines are joined
    output: str = ""  # what the page shows behind it


@dataclass
class Block:
    source: str  # where it stands, for messages
    commands: list = field(default_factory=list)


def without_comment(line):
    return re.sub(r"(^|\s+)#\s.*$", "", line).rstrip()


def join_continued(lines):
    joined = []
    for line in lines:
        if joined and joined[-1].endswith("\\"):
            joined[-1] = joined[-1][:-1].rstrip() + " " + line.strip()
        else:
            joined.append(line)
    return joined


def is_command(line):
    """Whether the line begins with something that could be run: a program, a script, a variable that is set."""
    words = line.split()
    if not words:
        return False
    return bool(words[0] == "quern" or words[0].startswith("./") or re.match(r"[A-Z_]+=", words[0])
                or (shutil.which(words[0]) and not words[0].endswith(":")))


def transcript(lines):
    """`$ command` lines, each with the output that follows."""
    commands = []
    for line in join_continued(lines):
        if line.startswith("$ "):
            commands.append(Command(without_comment(line[2:])))
        elif commands:
            commands[-1].output += line + "\n"
    return commands


def commands_of(language, text):
    """The commands of one fenced block; none where it shows something else."""
    lines = text.splitlines()
    if any(line.startswith("$ ") for line in lines):
        return transcript(lines)
    shown = [line for line in map(without_comment, join_continued(lines)) if line]
    if language in SHELL_LANGUAGES or (language == "" and shown and is_command(shown[0])):
        return [Command(line) for line in shown]
    return []


def blocks_of_page(path, name):
    blocks = []
    text = path.read_text(encoding="utf-8")
    for found in FENCED.finditer(text):
        commands = commands_of(found[1], found[2])
        if commands:
            blocks.append(Block(f"{name}:{text.count(chr(10), 0, found.start()) + 1}", commands))
    return blocks


def block_of_help(text, heading, source):
    """The indented lines behind `heading`."""
    lines = []
    for line in text[text.index(heading) + len(heading):].splitlines()[1:]:
        if not line.startswith("  "):
            break
        lines.append(line[2:])
    return Block(source, [Command(line) for line in map(without_comment, join_continued(lines)) if line])
