def fact: if . < 2 then 1 else . * (. - 1 | fact) end;
{ total: (map(.value) | add),
  groups: (group_by(.key) | map({(.[0].key): length}) | add),
  longest: (map(.name) | max_by(length)),
  upper: (.[0:3] | map(.name | ascii_upcase)),
  matched: [.[] | .name | select(test("^n[0-9]*7$"))] | length,
  fact: (20 | fact),
  dates: (0 | todate),
  paths: ([{a: [1, {b: 2}]} | paths] | length) }
