"""Programs that read the lake; they take every secret from the environment by its name."""

from __future__ import annotations

from urllib.parse import urlsplit

from sra_shared.kit.settings import LakeSettings

_GATEWAY = "http://127.0.0.1:8080"

_DUCKDB = """\
# pip install duckdb==1.5.5 duckdb-extensions==1.5.5
# pip install duckdb-extension-iceberg==1.5.5 duckdb-extension-avro==1.5.5 duckdb-extension-httpfs==1.5.5
import os
import duckdb
from duckdb_extensions import import_extension

gateway = os.environ.get("GATEWAY_URL", "{gateway}")
for name in ("httpfs", "avro", "iceberg"):
    import_extension(name)
    duckdb.sql(f"LOAD {{name}}")
{secret}duckdb.execute(
    f"ATTACH 'lake' AS lake (TYPE iceberg, ENDPOINT '{{gateway}}/lake', TOKEN '{{os.environ['SRA_VIEWER_TOKEN']}}')"
)
print(duckdb.sql("SELECT * FROM lake.latest.fund_quote_history LIMIT 10"))
"""
_DUCKDB_STORAGE = """\
duckdb.execute(
    f"CREATE SECRET (TYPE s3, KEY_ID '{{os.environ['AWS_ACCESS_KEY_ID']}}', SECRET '{{os.environ['AWS_SECRET_ACCESS_KEY']}}'"
    "{endpoint})"
)
"""
_POLARS = """\
# pip install polars "pyiceberg[pyarrow]"
import os
import polars
from pyiceberg.catalog import load_catalog

gateway = os.environ.get("GATEWAY_URL", "{gateway}")
catalog = load_catalog(
    "sra", type="rest", uri=f"{{gateway}}/lake", token=os.environ["SRA_VIEWER_TOKEN"]{options}
)
table = catalog.load_table("latest.fund_quote_history")
print(polars.scan_iceberg(table, reader_override="pyiceberg").head(10).collect())
"""
_POLARS_STORAGE = """,
    **{{
        "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"],
        "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"],{endpoint}
    }},"""
_SPARK = """\
# pip install pysail pyspark-client; start the server with:
#   export SAIL_CATALOG__LIST="[{{name='lake', type='iceberg-rest', uri='{gateway}/lake', \\
#     bearer_access_token='$SRA_VIEWER_TOKEN'}}]"
#   sail spark server
# It reads the storage's credentials from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
from pyspark.sql import SparkSession

spark = SparkSession.builder.remote("sc://127.0.0.1:50051").getOrCreate()
spark.sql("SELECT * FROM lake.latest.fund_quote_history LIMIT 10").show()
"""


def make_snippet(engine: str, settings: LakeSettings) -> str:
    """Return a program for an engine; with object storage it names the endpoint and the variables of the credentials."""
    is_bucket = settings.lake_url is not None and settings.lake_url.startswith("s3://")
    if engine == "spark":
        return _SPARK.format(gateway=_GATEWAY)
    if engine == "polars":
        endpoint = f'\n        "s3.endpoint": "{settings.lake_endpoint}",' if settings.lake_endpoint else ""
        region = f'\n        "s3.region": "{settings.lake_region}",' if settings.lake_region else ""
        options = _POLARS_STORAGE.format(endpoint=endpoint + region) if is_bucket else ""
        return _POLARS.format(gateway=_GATEWAY, options=options)
    secret = _DUCKDB_STORAGE.format(endpoint=_describe_endpoint(settings)) if is_bucket else ""
    return _DUCKDB.format(gateway=_GATEWAY, secret=secret)


def _describe_endpoint(settings: LakeSettings) -> str:
    region = f", REGION '{settings.lake_region}'" if settings.lake_region else ""
    if settings.lake_endpoint is None:
        return region
    parts = urlsplit(settings.lake_endpoint)
    is_secure = str(parts.scheme == "https").lower()
    return f"{region}, ENDPOINT '{parts.netloc}', URL_STYLE 'path', USE_SSL {is_secure}"
