// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <sys/stat.h>

#include "tests/unit/hcl/cases.h"

static void numbers(void **state)
{
    static const struct hcl_case cases[] = {
        {"abs(-3)", "3"},
        {"abs(\"-1.5\")", "1.5"},
        {"ceil(1.2)", "2"},
        {"floor(-1.2)", "-2"},
        {"floor(1e300) > 1", "true"},
        {"log(8, 2)", "3"},
        {"log(0, 2)", "!not a finite number"},
        {"max(1, \"3\", 2)", "3"},
        {"min(4, 2)", "2"},
        {"min()", "!takes at least 1 argument"},
        {"parseint(\"ff\", 16)", "255"},
        {"parseint(\"-101\", 2)", "-5"},
        {"parseint(\"aA\", 62)", "656"},
        {"parseint(\"12\", 2)", "!not a number of base 2"},
        {"parseint(\"1\", 63)", "!between 2 and 62"},
        {"parseint(\"99999999999999999999\", 10)", "!too large"},
        {"pow(2, 10)", "1024"},
        {"pow(10, 400)", "!not a finite number"},
        {"signum(-2)", "-1"},
        {"abs(-9223372036854775807 - 1)", "9223372036854775808"},
        {"\"${1e21}\"", "1000000000000000000000"},
        {"\"x${0.1}\"", "\"x0.1\""},
        {"\"x${1e30}\"", "\"x1000000000000000000000000000000\""},
    };
    CHECK_EXPRS(cases);
}

static void strings(void **state)
{
    static const struct hcl_case cases[] = {
        {"chomp(\"a\\r\\n\\n\")", "\"a\""},
        {"indent(2, \"a\\nb\")", "\"a\\n  b\""},
        {"indent(-1, \"a\")", "!between 0 and 1024"},
        {"join(\"-\", [\"a\", 1], [\"c\"])", "\"a-1-c\""},
        {"lower(\"\u00c0B\u0394\u0416\")", "\"\u00e0b\u03b4\u0436\""},
        {"upper(\"\u00e9a\u03b4\u0436\")", "\"\u00c9A\u0394\u0416\""},
        {"replace(\"aXbX\", \"X\", \"--\")", "\"a--b--\""},
        {"replace(\"ab\", \"\", \"-\")", "\"-a-b-\""},
        {"regex_replace(\"ab12\", \"([a-z]+)([0-9]+)\", \"$2-$1\")", "\"12-ab\""},
        {"regex_replace(\"abc\", \"(?P<x>b)\", \"[$${x}]\")", "\"a[b]c\""},
        {"regex_replace(\"baaac\", \"a*\", \"x\")", "\"xbxcx\""},
        {"regex_replace(\"\u00e9\", \"\", \"-\")", "\"-\u00e9-\""},
        {"regex_replace(\"a\", \"(\", \"\")", "!the pattern is not valid"},
        {"split(\",\", \"a,b,,c\")", "[\"a\",\"b\",\"\",\"c\"]"},
        {"split(\",\", \"\")", "[\"\"]"},
        {"split(\"\", \"\u00e9b\")", "[\"\u00e9\",\"b\"]"},
        {"strlen(\"\u00e91\")", "2"},
        {"strrev(\"ab\u00e9\")", "\"\u00e9ba\""},
        {"substr(\"h\u00e9llo\", 1, 3)", "\"\u00e9ll\""},
        {"substr(\"hello\", -3, -1)", "\"llo\""},
        {"substr(\"hello\", 9, 2)", "\"\""},
        {"title(\"hello world\")", "\"Hello World\""},
        {"trim(\"?!hello?!\", \"!?\")", "\"hello\""},
        {"trimprefix(\"foobar\", \"foo\")", "\"bar\""},
        {"trimsuffix(\"foobar\", \"bar\")", "\"foo\""},
        {"trimspace(\" \\t a\\n\")", "\"a\""},
        {"upper(null)", "!but it is null"},
    };
    CHECK_EXPRS(cases);
}

static void formats(void **state)
{
    static const struct hcl_case cases[] = {
        {"format(\"%s-%d %5.2f|%-5s|%05d\", \"a\", 3, 1.5, \"ab\", -42)",
         "\"a-3  1.50|ab   |-0042\""},
        {"format(\"%x %X %o %b %#x\", 255, \"hi\", 8, 5, 16)", "\"ff 6869 10 101 0x10\""},
        {"format(\"%v %v %v %v\", [1], true, \"s\", null)", "\"[1] true s null\""},
        {"format(\"%#v %q\", \"s\", \"q\\\"\")", "\"\\\"s\\\" \\\"q\\\\\\\"\\\"\""},
        {"format(\"%e %g %G\", 12345.678, 0.1, 5)", "\"1.234568e+04 0.1 5\""},
        {"format(\"%[2]s %[1]s %s\", \"a\", \"b\")", "\"b a b\""},
        {"format(\"%t %+d % d %.2s %%\", true, 7, 7, \"abc\")", "\"true +7  7 ab %\""},
        {"format(\"%d\", 1.9)", "\"1\""},
        {"format(\"%d\", \"x\")", "!the argument for %d must be a number"},
        {"format(\"%s\")", "!wants argument 1, but there are only 0"},
        {"format(\"%s\", 1, 2)", "!there are 2 arguments, but the format uses only 1"},
        {"format(\"%y\", 1)", "!there is no verb %y"},
        {"format(\"%\")", "!ends inside of a % sequence"},
        {"format(\"%[0]s\", 1)", "!an argument's number"},
        {"formatlist(\"%s=%s\", [\"a\", \"b\"], \"x\")", "[\"a=x\",\"b=x\"]"},
        {"formatlist(\"%s%s\", [1], [1, 2])", "!different lengths: 1 and 2"},
        {"formatlist(\"x\", [])", "[]"},
        {"formatdate(\"DD MMM YYYY hh:mm ZZZ\", \"2018-01-02T23:12:01Z\")",
         "\"02 Jan 2018 23:12 UTC\""},
        {"formatdate(\"EEEE, D-MMMM-YY H:mm:s AA ZZZZZ\", \"2018-01-02T23:12:01-08:00\")",
         "\"Tuesday, 2-January-18 11:12:1 PM -08:00\""},
        {"formatdate(\"h'h'''mm''''\", \"2018-01-02T23:12:01Z\")", "\"23h'12'\""},
        {"formatdate(\"Q\", \"2018-01-02T23:12:01Z\")", "!means nothing in a date's format"},
        {"formatdate(\"'\", \"2018-01-02T23:12:01Z\")", "!not closed"},
        {"formatdate(\"D\", \"yesterday\")", "!\"yesterday\" is not a time like"},
        {"timeadd(\"2017-11-22T00:00:00Z\", \"10m\")", "\"2017-11-22T00:10:00Z\""},
        {"timeadd(\"2017-11-22T00:00:00+01:00\", \"-1h\")", "\"2017-11-21T23:00:00+01:00\""},
        {"timeadd(\"2017-11-22T00:00:00Z\", \"x\")", "!not a duration"},
    };
    CHECK_EXPRS(cases);
}

static void collections(void **state)
{
    static const struct hcl_case cases[] = {
        {"chunklist([1, 2, 3], 2)", "[[1,2],[3]]"},
        {"chunklist([1, 2], 0)", "[[1,2]]"},
        {"coalesce(null, \"x\")", "\"x\""},
        {"coalesce(null)", "!all arguments are null"},
        {"coalescelist([], [1])", "[1]"},
        {"compact([\"a\", \"\", null, \"b\"])", "[\"a\",\"b\"]"},
        {"concat([1], [2, 3])", "[1,2,3]"},
        {"contains([1, 2], 2)", "true"},
        {"contains([1, 2], \"2\")", "false"},
        {"distinct([1, [1], 1, [1]])", "[1,[1]]"},
        {"element([1, 2, 3], 4)", "2"},
        {"element([], 0)", "!the list is empty"},
        {"flatten([1, [2, [3]], []])", "[1,2,3]"},
        {"index([\"a\", \"b\"], 1)", "\"b\""},
        {"index([\"a\", \"b\"], \"b\")", "1"},
        {"index([\"a\"], \"c\")", "!no such element"},
        {"keys({ b = 1, a = 2 })", "[\"a\",\"b\"]"},
        {"length([1, 2])", "2"},
        {"length({ a = 1 })", "1"},
        {"length(5)", "!must be a list, a map or a string"},
        {"lookup({ a = 1 }, \"a\", 2)", "1"},
        {"lookup({ a = 1 }, \"b\", 2)", "2"},
        {"lookup({ alpha = 1 }, \"alhpa\")", "!did you mean \"alpha\"?"},
        {"merge({ a = 1 }, null, { b = 2, a = 3 })", "{\"a\":3,\"b\":2}"},
        {"range(3)", "[0,1,2]"},
        {"range(1, 8, 3)", "[1,4,7]"},
        {"range(3, 0)", "[3,2,1]"},
        {"range(0)", "[]"},
        {"reverse([1, 2])", "[2,1]"},
        {"reverse(\"ab\")", "\"ba\""},
        {"slice([1, 2, 3, 4], 1, 3)", "[2,3]"},
        {"slice([1], 0, 2)", "!not within a list of 1"},
        {"sort([\"b\", \"a\", 10, 9])", "[\"10\",\"9\",\"a\",\"b\"]"},
        {"values({ b = 1, a = 2 })", "[2,1]"},
        {"zipmap([\"a\", \"b\"], [1, 2])", "{\"a\":1,\"b\":2}"},
        {"zipmap([\"a\"], [])", "!1 keys, but 0 values"},
        {"setintersection([\"b\", \"a\"], [\"b\", \"c\"])", "[\"b\"]"},
        {"setunion([\"b\"], [\"a\", \"b\"], [2, 1])", "[1,2,\"a\",\"b\"]"},
        {"setproduct([\"a\", \"b\"], [1, 2])", "[[\"a\",1],[\"a\",2],[\"b\",1],[\"b\",2]]"},
        {"setproduct([1], [])", "[]"},
    };
    CHECK_EXPRS(cases);
}

static void encodings(void **state)
{
    static const struct hcl_case cases[] = {
        {"base64encode(\"hello\")", "\"aGVsbG8=\""},
        {"base64decode(\"aGVsbG8=\")", "\"hello\""},
        {"base64decode(\"aGVsbG8\")", "!not base64"},
        {"base64decode(\"a=Vs\")", "!not base64"},
        {"base64decode(\"//79\")", "!not UTF-8"},
        {"jsonencode({ b = [1, null, 1.5], a = \"<\\u0001\" })",
         "\"{\\\"a\\\":\\\"\\\\u003c\\\\u0001\\\",\\\"b\\\":[1,null,1.5]}\""},
        {"jsondecode(\" {\\\"a\\\": [1, -2.5e1, true, null, \\\"\\\\ud83d\\\\ude00\\\"]} \")",
         "{\"a\":[1,-25,true,null,\"\U0001F600\"]}"},
        {"jsondecode(\"[1,\\n2 3]\")", "!not valid JSON: line 2: expected \",\" or \"]\""},
        {"jsondecode(\"\")", "!a value is missing"},
        {"jsondecode(\"1 2\")", "!something behind the value"},
        {"jsondecode(\"\\\"a\")", "!not closed"},
        {"urlencode(\"a b&c/\u00e9\")", "\"a+b%26c%2F%C3%A9\""},
        {"yamlencode({ a = [1, { b = 2, c = [3] }, []], d = { e = \"x\\n\" } })",
         "\"\\\"a\\\":\\n- 1\\n- \\\"b\\\": 2\\n  \\\"c\\\":\\n  - 3\\n- []\\n\\\"d\\\":\\n"
         "  \\\"e\\\": \\\"x\\\\n\\\"\\n\""},
        {"yamlencode(\"a\")", "\"\\\"a\\\"\\n\""},
        {"md5(\"hello\")", "\"5d41402abc4b2a76b9719d911017c592\""},
        {"sha1(\"hello\")", "\"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\""},
        {"sha256(\"\")", "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""},
        {"substr(sha512(\"hello\"), 0, 8)", "\"9b71d224\""},
        {"uuidv5(\"dns\", \"www.example.com\")", "\"2ed6657d-e927-568b-95e1-2665a8aea6a2\""},
        {"uuidv5(\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\", \"www.example.com\")",
         "\"2ed6657d-e927-568b-95e1-2665a8aea6a2\""},
        {"uuidv5(\"x\", \"y\")", "!the namespace must be"},
        {"[strlen(uuidv4()), substr(uuidv4(), 14, 1)]", "[36,\"4\"]"},
    };
    CHECK_EXPRS(cases);
}

static void networks(void **state)
{
    static const struct hcl_case cases[] = {
        {"cidrhost(\"10.12.127.0/20\", 268)", "\"10.12.113.12\""},
        {"cidrhost(\"10.12.127.0/20\", -1)", "\"10.12.127.255\""},
        {"cidrhost(\"10.0.0.0/30\", 4)", "!has no host number 4"},
        {"cidrhost(\"fd00:fd12:3456:7890:00a2::/72\", 34)", "\"fd00:fd12:3456:7890::22\""},
        {"cidrhost(\"10.0.0.0\", 1)", "!is not an address prefix"},
        {"cidrhost(\"10.0.0.0/33\", 1)", "!is not an address prefix"},
        {"cidrnetmask(\"172.16.0.0/12\")", "\"255.240.0.0\""},
        {"cidrnetmask(\"fd00::/8\")", "!only IPv4"},
        {"cidrsubnet(\"172.16.0.0/12\", 4, 2)", "\"172.18.0.0/16\""},
        {"cidrsubnet(\"fd00:fd12:3456:7890::/56\", 16, 162)", "\"fd00:fd12:3456:7800:a200::/72\""},
        {"cidrsubnet(\"10.0.0.0/8\", 4, 16)", "!no subnet number 16"},
        {"cidrsubnet(\"10.0.0.0/30\", 4, 0)", "!cannot be extended by 4"},
        {"cidrsubnets(\"10.1.0.0/16\", 4, 4, 8, 4)",
         "[\"10.1.0.0/20\",\"10.1.16.0/20\",\"10.1.32.0/24\",\"10.1.48.0/20\"]"},
        {"cidrsubnets(\"255.255.255.0/24\", 1, 1)",
         "[\"255.255.255.0/25\",\"255.255.255.128/25\"]"},
        {"cidrsubnets(\"255.255.255.0/24\", 1, 1, 1)", "!no room left"},
        {"cidrsubnets(\"10.1.0.0/16\", 1, 2, 1)", "!no room left"},
    };
    CHECK_EXPRS(cases);
}

static void control(void **state)
{
    static const struct hcl_case cases[] = {
        {"can(1 / 0)", "false"},
        {"can({ a = 1 }.a)", "true"},
        {"try(nothing.here, 1 / 0, \"x\")", "\"x\""},
        {"try(1 / 0, upper([]))", "!argument 1 of upper()"},
        {"try()", "!at least one argument"},
        {"convert(\"3\", number)", "3"},
        {"convert([\"b\", 1], set(string))", "[\"1\",\"b\"]"},
        {"convert([], number)", "!must be of type number, not list"},
        {"convert(1)", "!takes a value and a type"},
    };
    CHECK_EXPRS(cases);
}

static void put(const char *dir, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void files(void **state)
{
    static const struct hcl_case cases[] = {
        {"file(\"a.txt\")", "\"A\\n\""},
        {"file(\"./sub/../a.txt\")", "\"A\\n\""},
        {"filebase64(\"a.txt\")", "\"QQo=\""},
        {"file(\"none\")", "!cannot read"},
        {"file(\"sub\")", "!not a regular file"},
        {"file(\"bad\")", "!not UTF-8"},
        {"[fileexists(\"a.txt\"), fileexists(\"none\"), fileexists(\"sub\")]",
         "[true,false,false]"},
        {"fileset(\".\", \"*.txt\")", "[\"a.txt\"]"},
        {"fileset(\".\", \"**\")", "[\"a.txt\",\"bad\",\"sub/b.txt\"]"},
        {"fileset(\".\", \"**/*.txt\")", "[\"a.txt\",\"sub/b.txt\"]"},
        {"fileset(\".\", \"sub/**\")", "[\"sub/b.txt\"]"},
        {"fileset(\"none\", \"*\")", "[]"},
        {"basename(\"/a/b/c.txt\")", "\"c.txt\""},
        {"basename(\"\")", "\".\""},
        {"dirname(\"/a/b/c.txt\")", "\"/a/b\""},
        {"dirname(\"x\")", "\".\""},
        {"abspath(\"/a/../b/./c\")", "\"/b/c\""},
        {"abspath(\"/../..\")", "\"/\""},
        {"pathexpand(\"/x/~\")", "\"/x/~\""},
        {"pathexpand(\"~nobody/x\")", "!cannot expand"},
    };
    static const struct hcl_case refused[] = {
        {"file(\"a.txt\")", "!file(): functions on files are disabled here"},
        {"fileset(\".\", \"*\")", "!disabled here"},
        {"pathexpand(\"~\")", "!disabled here"},
        {"try(file(\"a.txt\"), \"no\")", "\"no\""},
    };
    char dir[] = "/tmp/test-hcl-XXXXXX", path[64], command[96];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/sub", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    put(dir, "a.txt", "A\n");
    put(dir, "bad", "\xff");
    put(path, "b.txt", "B\n");
    struct hcl_options o = {.allow_fs = true, .base_dir = dir};
    check_exprs(cases, ARRAY_LEN(cases), &o);
    o.allow_fs = false;
    check_exprs(refused, ARRAY_LEN(refused), &o);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),     cmocka_unit_test(strings),   cmocka_unit_test(formats),
        cmocka_unit_test(collections), cmocka_unit_test(encodings), cmocka_unit_test(networks),
        cmocka_unit_test(control),     cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
