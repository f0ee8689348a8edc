"""Compares docs/OPERATIONS.md, the Grafana dashboard and the Prometheus rules with a server's real /metrics and with
etc/quern.yaml. Usage: operations_docs_test.py METRICS_FILE REPOSITORY_ROOT. One line per problem; exit code 1 if any."""
import json
import pathlib
import re
import sys

DOC = "docs/OPERATIONS.md"
DASHBOARD = "etc/grafana/quern.json"
RULES = "etc/prometheus/quern.rules.yml"
SCRAPE = "etc/prometheus/prometheus.yml"
OPTIONS = "etc/quern.yaml"

METRIC = re.compile(r"\b(?:vllm|quern):[a-z][a-z0-9_]*")
SELECTOR = re.compile(r"\b((?:vllm|quern):[a-z][a-z0-9_]*)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*\\?"([^"\\]*)')
SCRAPE_LABELS = {"instance", "job", "le"}  # Prometheus adds the first two; le is that of buckets
PARTS = {"histogram": ("_bucket", "_sum", "_count")}

problems = []


def problem(text):
    problems.append(text)


class Metrics:
    """Names, types and labels of a text in the Prometheus format."""

    def __init__(self, text):
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        self.labels = {name: {} for name in self.types}  # family -> label -> values
        for name, labels in re.findall(r"^([A-Za-z_:][\w:]*)\{(.*)\} \S+$", text, re.M):
            family = self.family(name)
            if family is None:
                problem(f"/metrics: {name}: a series without a # TYPE line")
                continue
            for label, value in re.findall(r'(\w+)="([^"]*)"', labels):
                self.labels[family].setdefault(label, set()).add(value)

    def family(self, name):
        """The family that a name in a query belongs to; None: there is none."""
        if name in self.types:
            return name
        for family, kind in self.types.items():
            if name in (family + part for part in PARTS.get(kind, ())):
                return family
        return None


def check_names(where, text, metrics):
    for name in sorted(set(METRIC.findall(text))):
        if metrics.family(name) is None:
            problem(f"{where}: {name}: /metrics has no such metric")


def check_query(where, query, metrics):
    check_names(where, query, metrics)
    for name, matchers in SELECTOR.findall(query):
        known = metrics.labels.get(metrics.family(name), {})
        for label, operator, value in MATCHER.findall(matchers):
            if label not in known and label not in SCRAPE_LABELS:
                problem(f"{where}: {name}: /metrics gives it no label {label}")
            elif operator == "=" and label in known and label != "model_name" and value not in known[label]:
                problem(f'{where}: {name}: label {label} is never "{value}"')
    for opening, closing in ("()", "[]", "{}"):
        if query.count(opening) != query.count(closing):
            problem(f"{where}: unbalanced {opening}{closing} in: {query}")
    for name in METRIC.findall(query):
        if metrics.types.get(name) == "histogram":
            problem(f"{where}: {name} is a histogram: a query needs _bucket, _sum or _count: {query}")


def tables(text, first):
    """Rows, as lists of cells, of the tables whose first column has the heading `first`."""
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] == first:
            inside = True
        elif inside and not set(cells[0]) <= set("-: "):
            yield cells


def check_metric_tables(doc, metrics):
    rows = {}
    for cells in tables(doc, "metric"):
        name = cells[0].strip("`")
        if name in rows:
            problem(f"{DOC}: {name}: two rows")
        rows[name] = cells
    for name, kind in sorted(metrics.types.items()):
        if name not in rows:
            problem(f"{DOC}: {name}: no row explains it")
            continue
        cells = rows[name]
        if len(cells) != 4:
            problem(f"{DOC}: {name}: want the cells metric, type and labels, meaning, query, found {len(cells)}")
            continue
        if cells[1].split(",")[0] != kind:
            problem(f"{DOC}: {name}: the type is {kind}, not {cells[1]}")
        for label in sorted(set(metrics.labels[name]) - {"model_name", "le"}):
            if f"`{label}`" not in cells[1]:
                problem(f"{DOC}: {name}: the label {label} is not named")
        if name not in {metrics.family(used) for used in METRIC.findall(cells[3])}:
            problem(f"{DOC}: {name}: no query that uses it")


def check_doc(doc, metrics):
    check_names(DOC, doc, metrics)
    for query in re.findall(r"`([^`\n]+)`", doc):
        if METRIC.search(query) and re.search(r"[({]", query):
            check_query(DOC, query, metrics)
    check_metric_tables(doc, metrics)


def serve_options(text):
    """Key -> default of the options of `serve` in etc/quern.yaml; None where the comment tells the default in words."""
    found = {}
    comment = ""
    for line in text.splitlines():
        option = re.match(r"#([a-z][a-z0-9_]*): (.*)$", line)
        if option is None:
            comment = line
            continue
        commands = re.match(r"# \(([^)]*)\)", comment)
        if commands is None:
            problem(f"{OPTIONS}: {option[1]}: no comment that names its commands")
        elif {"serve", "all"} & set(commands[1].split(", ")):
            found[option[1]] = None if "default:" in comment else option[2]
    return found


def check_options(doc, text):
    options = serve_options(text)
    if not options:
        problem(f"{OPTIONS}: no options of serve found")
    rows = {cells[0].strip("`"): cells for cells in tables(doc, "key")}
    for key, default in options.items():
        if key not in rows:
            problem(f"{DOC}: option {key}: no row explains it")
        elif default is not None and rows[key][1] != f"`{default}`":
            problem(f"{DOC}: option {key}: the default is {default}, not {rows[key][1]}")
    for key in sorted(set(rows) - set(options)):
        problem(f"{DOC}: option {key}: {OPTIONS} has no such option of serve")


def check_dashboard(text, metrics):
    try:
        dashboard = json.loads(text)
    except ValueError as error:
        problem(f"{DASHBOARD}: not JSON: {error}")
        return
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        problem(f"{DASHBOARD}: two panels have one id")
    for panel in dashboard["panels"]:
        if panel["type"] != "row" and not panel.get("targets"):
            problem(f"{DASHBOARD}: panel {panel['title']}: no query")
        for target in panel.get("targets", []):
            check_query(f"{DASHBOARD}: panel {panel['title']}", target["expr"], metrics)
    for variable in dashboard["templating"]["list"]:
        check_names(f"{DASHBOARD}: variable {variable['name']}", json.dumps(variable["query"]), metrics)


def scalar_is_sound(value):
    """Whether a plain YAML reader takes this value on one line, and as text where it is meant as text."""
    if not value:
        return True
    if value[0] in "'\"":
        return len(value) >= 2 and value[-1] == value[0] and value[0] not in value[1:-1].replace("''", "")
    if value[0] == "[":
        return value[-1] == "]"
    return value[0] not in "{&*!|>%@`]}#," and ": " not in value and " #" not in value and not value.endswith(":")


def yaml_lines(where, text):
    """(indentation, is a list's item, key, value) of each line; block scalars are one value. Reports what is unsound."""
    out = []
    block = None  # indentation of the key whose block scalar goes on
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        indentation = len(line) - len(line.lstrip(" "))
        if block is not None and indentation > block:
            out[-1][3] = (out[-1][3] + " " + line.strip()).strip()
            continue
        block = None
        if line.lstrip().startswith("#"):
            continue
        match = re.match(r"( *)(- )?(?:([A-Za-z_]\w*):(?: +(\S.*))?|(\S.*))$", line)
        if "\t" in line or match is None or indentation % 2 != 0:
            problem(f"{where}:{number}: not a line of YAML as it is used here: {line}")
            continue
        item, key, value = bool(match[2]), match[3], match[4] or match[5] or ""
        if key is None and not item:
            problem(f"{where}:{number}: neither a key nor an item: {line}")
        own = indentation + (2 if item else 0)
        if value in (">-", ">", "|", "|-"):
            value, block = "", own
        elif not scalar_is_sound(value):
            problem(f"{where}:{number}: a value that has to be quoted: {value}")
        if out and own > out[-1][0] and not item and out[-1][3]:
            problem(f"{where}:{number}: deeper than the line before, which has a value")
        out.append([own, item, key, value])
    return out


def check_rules(text, metrics):
    alerts = []
    for _, item, key, value in yaml_lines(RULES, text):
        if item and key == "alert":
            alerts.append({"alert": value})
        elif key is not None and alerts:
            if key in alerts[-1]:
                problem(f"{RULES}: {alerts[-1]['alert']}: {key} comes twice")
            alerts[-1][key] = value
    if not alerts:
        problem(f"{RULES}: no alerts found")
    names = [alert["alert"] for alert in alerts]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problem(f"{RULES}: {name}: two alerts of one name")
    for alert in alerts:
        where = f"{RULES}: {alert['alert']}"
        for key in ("expr", "for", "severity", "summary", "description"):
            if not alert.get(key):
                problem(f"{where}: no {key}")
        if not re.fullmatch(r"[0-9]+[smhd]", alert.get("for", "")):
            problem(f"{where}: for: want a time such as 5m, found {alert.get('for')}")
        check_query(where, alert.get("expr", ""), metrics)
        check_names(where, alert.get("description", ""), metrics)


def check_scrape_config(text):
    keys = {key: value for _, _, key, value in yaml_lines(SCRAPE, text) if key is not None}
    for key, wanted in {"job_name": "quern", "metrics_path": "/metrics"}.items():
        if keys.get(key) != wanted:
            problem(f"{SCRAPE}: {key}: want {wanted}, found {keys.get(key)}")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: operations_docs_test.py METRICS_FILE REPOSITORY_ROOT")
    root = pathlib.Path(sys.argv[2])

    def read(name):
        return (root / name).read_text(encoding="utf-8")

    metrics = Metrics(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    if not metrics.types:
        problem(f"{sys.argv[1]}: no metrics found")
    doc = read(DOC)
    check_doc(doc, metrics)
    check_options(doc, read(OPTIONS))
    check_dashboard(read(DASHBOARD), metrics)
    check_rules(read(RULES), metrics)
    check_scrape_config(read(SCRAPE))
    for text in problems:
        print(text)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
