a { 
 abs = [abs(-3), ceil(1.2), floor(-1.2), log(8,2), max(1,"3",2), min(4,2), parseint("ff",16), pow(2,10), signum(-2)]
 str = [chomp("a\n\n"), indent(2,"a\nb"), join("-",["a",1],["c"]), lower("ÀB"), upper("éa"), replace("aXbX","X","--"), replace("ab","","-"), split(",","a,b,,c"), strlen("é1"), strrev("abé"), substr("hello",1,3), substr("hello",-3,-1), title("hello wor-ld it's"), trim("xxaxx","x"), trimprefix("foobar","foo"), trimsuffix("foobar","bar"), trimspace("  a\n")]
 split0 = split("", "abc")
 fmt = [format("%s-%d %5.2f|%-5s|%05d|%x|%q|%v|%t|%%|%+d", "a", 3, 1.5, "ab", 42, 255, "q\"", [1,{a=2}], true, 7), format("%[2]s %[1]s", "a", "b"), format("%#v %e %g %X %b %o", "s", 12345.678, 0.1, "hi", 5, 8)]
 fl = formatlist("%s=%s", ["a","b"], "x")
 fd = [formatdate("DD MMM YYYY hh:mm ZZZ", "2018-01-02T23:12:01Z"), formatdate("EEEE, DD-MMM-YY hh:mm:ss ZZZ", "2018-01-02T23:12:01-08:00"), formatdate("YYYY-MM-DD'T'hh:mm:ssZ", "2018-01-02T23:12:01+05:30"), formatdate("h'h'mm AA aa HH", "2018-01-02T23:12:01Z")]
 ta = [timeadd("2017-11-22T00:00:00Z", "10m"), timeadd("2017-11-22T00:00:00+01:00", "-1h")]
 coll = [chunklist([1,2,3,4,5],2), coalesce(null,null,"x"), coalescelist([],[1]), compact(["a","",null,"b"]), concat([1],[2,3]), contains([1,2],2), distinct([1,1,2]), element([1,2,3],4), flatten([[1,[2]],[],3]), index(["a","b"],1), index(["a","b"],"b"), keys({b=1,a=2}), length([1,2]), lookup({a=1},"b","z"), merge({a=1},{b=2,a=3}), range(3), range(1,8,3), range(3,0), reverse([1,2]), reverse("ab"), slice([1,2,3,4],1,3), sort(["b","a"]), values({b=1,a=2}), zipmap(["a","b"],[1,2])]
 sets = [setintersection(["a","b"],["b","c"]), setunion(["b"],["a","b"]), setproduct(["a","b"],[1,2])]
 enc = [base64encode("hello"), base64decode("aGVsbG8="), jsonencode({a=[1,null,true,"<x>"]}), jsondecode("{\"a\":[1,2.5,\"\\u00e9\"]}"), urlencode("a b&c/é")]
 yaml = yamlencode({a=[1,{b=2,c=[3]}], d={e="x", f={}}, g=[]})
 cr = [md5("hello"), sha1("hello"), sha256("hello"), uuidv5("dns","www.example.com"), length(uuidv4())]
 cidr = [cidrhost("10.12.127.0/20", 16), cidrhost("10.12.127.0/20", 268), cidrhost("10.12.127.0/20",-1), cidrhost("fd00:fd12:3456:7890:00a2::/72", 34), cidrnetmask("172.16.0.0/12"), cidrsubnet("172.16.0.0/12",4,2), cidrsubnet("10.1.2.0/24",4,15), cidrsubnet("fd00:fd12:3456:7890::/56",16,162)]
 cs = cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)
 cv = [convert("3", number), convert([1,"a"], list(string)), convert(["b","a","b"], set(string)), can(1/0), try(foo.bar, "dflt")]
 re = [regex_replace("hello world", "o", "0"), regex_replace("ab12", "([a-z]+)([0-9]+)", "$2-$1$$"), regex_replace("baaac","a*","x"), regex_replace("-ab-axxb-","a(x*)b","$${1}W")]
 num = [1e3, 1.50, 0.1 + 0.2, 9223372036854775807 + 1, 10/4, 7 % 3, -7 % 3, 1e100]
 cond = [true ? 1 : "a", false ? 1 : "a"]
}
