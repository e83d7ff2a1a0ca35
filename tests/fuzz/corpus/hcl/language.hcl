variable "region" { default = "eu" }
variables { n = 3 }
locals {
  a = "x-${var.region}"
  b = [local.a, "y"]
}
job "x" {
  // comment
  a = local.b[0]
  b = "${attr.kernel.name}-${var.n + 1}-$${foo} %%{ a"
  c = attr.kernel.name
  d = "${env["FOO"]}"
  e = var.n > 2 ? "big" : "small"
  f = [for i, x in local.b : "${i}=${x}" if x != "z"]
  g = { for x in ["a", "b", "a"] : x => 1... }
  h = <<-EOF
      hello
        %{ for x in local.b ~}
        item ${x}
        %{ endfor ~}
      bye
    EOF
  i = local.b[*]
  j = [{ a = 1 }, { a = 2 }].*.a
  k = { a = 1, "b" : 2
    (var.region) = 3 }
  l = 1 + 2 * 3 - -4 % 3
  m = "\u00e9\t\"q\""
  n = !true || false && true
  o = max([1, 5, 2]...)
  p = 10 / 4
  dynamic "group" {
    for_each = ["g1", "g2"]
    labels = [group.value]
    content {
      count = group.key + 1
      dynamic "task" {
         for_each = {a = 1}
         iterator = t
         content { name = "${group.value}${t.key}${t.value}" }
      }
      cfg { x = "${NOMAD_PORT_http}" }
    }
  }
}
