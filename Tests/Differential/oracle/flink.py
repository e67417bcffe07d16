"""Flink from PyPI in this process's JVM, parallelism one, a watermark behind each event."""
import json, pathlib, re, tempfile


# What settings are put back to.
DEFAULTS = {"table.local-time-zone": "UTC", "table.exec.state.ttl": "0 ms"}


class NotInstalled(Exception):
    pass


class Flink:
    def __init__(self, settings=None):
        """`settings` beside, or in place of, those that make answers the same each time."""
        try:
            from pyflink.common import Configuration
            from pyflink.table import EnvironmentSettings, TableEnvironment
        except ImportError as error:
            raise NotInstalled("apache-flink is not there (python3 -m venv V; V/bin/pip install apache-flink; run with V/bin/python3)") from error
        self._folder = tempfile.TemporaryDirectory(prefix="squilla-flink-")
        self._number = 0
        configuration = Configuration()
        for name, value in {
            "parallelism.default": "1", "pipeline.auto-watermark-interval": "0 ms", "table.local-time-zone": "UTC",
            "table.exec.source.idle-timeout": "0 ms", "rest.bind-port": "0", **(settings or {}),
        }.items():
            configuration.set_string(name, value)
        self._environment = TableEnvironment.create(
            EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(configuration).build())

    def answer(self, case):
        """`types` and `rows` (kind and cells), or `error`."""
        created = []
        try:
            for table in case.tables:
                self._create(table, [event for name, event in case.rows if name == table.name])
                created.append(f"DROP TEMPORARY TABLE `{table.name}`")
            *before, query = [s for s in re.split(r";\s*\n", case.flink_sql.rstrip("; \n")) if s.strip()]
            for name, value in case.settings:
                self._environment.get_config().set(name, value)
            for statement in before:
                self._environment.execute_sql(statement)
                view = re.match(r"CREATE (?:TEMPORARY )?VIEW (\S+)", statement)
                if view:
                    created.insert(0, f"DROP VIEW {view[1]}" if "TEMPORARY" not in statement[:20] else f"DROP TEMPORARY VIEW {view[1]}")
            return self.collect(query)
        except Exception as error:  # whatever Java threw
            return {"error": reason(error)}
        finally:
            for drop in created:
                self._environment.execute_sql(drop)
            for name, _ in case.settings:
                self._environment.get_config().set(name, DEFAULTS[name])

    def _create(self, table, events):
        self._number += 1
        path = pathlib.Path(self._folder.name) / f"{table.name}{self._number}.json"
        path.write_text("".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events))
        self._environment.execute_sql(
            f"CREATE TEMPORARY TABLE `{table.name}` ({table.declaration}) WITH ('connector' = 'filesystem', 'path' = '{path}', "
            "'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601')")

    def execute(self, statement):
        return self._environment.execute_sql(statement)

    def collect(self, query):
        """All changes that a query answers; its inputs end."""
        result = self._environment.execute_sql(query)._j_table_result
        types = [str(t.getLogicalType().asSummaryString()) for t in result.getResolvedSchema().getColumnDataTypes()]
        rows, iterator = [], result.collect()
        try:
            while iterator.hasNext():
                row = iterator.next()
                rows.append([row.getKind().shortString(), [cell(row.getField(i)) for i in range(row.getArity())]])
        finally:
            iterator.close()
        return {"types": types, "rows": rows}


def cell(value):
    """A Java value as JSON has it."""
    import base64, decimal
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(bytes(value)).decode()
    name = value.getClass().getName()
    if name.startswith("["):
        return [plain(value[i]) for i in range(len(value))]
    if "Map" in name:
        return {str(cell(k)): plain(value[k]) for k in value}
    if name.endswith(".Row"):
        names = value.getFieldNames(True)
        fields = [plain(value.getField(i)) for i in range(value.getArity())]
        return dict(zip([str(n) for n in names], fields)) if names is not None else fields
    return str(value.toString())


def plain(value):
    import decimal
    return float(value) if isinstance(value, (float, decimal.Decimal)) else cell(value)


def reason(error):
    """The innermost cause's first line."""
    text = str(error)
    causes = re.findall(r"(?:Caused by: |^: )([\w.$]+(?:Exception|Error)[^\n]*)", text, re.M)
    return (causes[-1] if causes else text.strip().splitlines()[0])[:300]
