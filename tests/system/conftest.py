"""Failed assertions in the helpers show their values, as those in tests do."""
import pytest

pytest.register_assert_rewrite("accidents", "books", "checker", "sale", "watch")
