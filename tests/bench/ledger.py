"""What a measurement asks the ledger."""
import contextlib


@contextlib.contextmanager
def connected(rig, user=None):
    """A cursor on the ledger, of this user or Flashgate's own."""
    import pymysql
    with contextlib.closing(pymysql.connect(
            host=rig.env["FLASH_MYSQL_HOST"], port=int(rig.env["FLASH_MYSQL_PORT"]), user=user or rig.env["FLASH_MYSQL_USER"],
            password=rig.env["FLASH_MYSQL_PASSWORD"], database=rig.env["FLASH_MYSQL_DATABASE"], autocommit=True)) as connection:
        with connection.cursor() as cursor:
            yield cursor


def seconds_to_created(rig, sku):
    """From when Redis accepted the sale's first order until the ledger had its last, as both noted it."""
    with connected(rig) as cursor:
        cursor.execute("SELECT MAX(applied_at_ms) / 1e3 - MIN(stream_us) / 1e6 FROM verdict WHERE sku = %s", (sku,))
        return float(cursor.fetchone()[0])
