

# Added by CapVM's suites/cpython/run: one line for each test that starts or ends, so that what a module did is known even
# when its process is killed. Processes that a test forked record nothing.
def _record(result):
    import os

    path = os.environ.get("CPYTHON_SUITE_RESULTS")
    recorder = os.getpid()
    if path is None:
        return

    def line(word, test, reason=""):
        if os.getpid() != recorder:
            return
        text = f"{word}: {test.id()}{reason}"
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(" ".join(text.split()) + "\n")

    def recorded(name, word):
        original = getattr(result, name)

        def method(self, test, *arguments):
            line(word, test, f": {arguments[0]}" if name == "addSkip" else "")
            original(self, test, *arguments)

        setattr(result, name, method)

    recorded("startTest", "start")
    recorded("addSuccess", "ok")
    recorded("addSkip", "skipped")
    recorded("addError", "ERROR")
    recorded("addFailure", "FAIL")
    recorded("addExpectedFailure", "expected failure")
    recorded("addUnexpectedSuccess", "unexpected success")
    sub_test = result.addSubTest

    def add_sub_test(self, test, part, error):
        if error is not None:
            line("FAIL" if issubclass(error[0], test.failureException) else "ERROR", part)
        sub_test(self, test, part, error)

    result.addSubTest = add_sub_test


_record(RegressionTestResult)
