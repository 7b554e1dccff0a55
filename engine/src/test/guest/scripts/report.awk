# Sums per key, formatted output, string functions, and a getline loop.
BEGIN { FS = "," }
{ sum[$1] += $2; seen[$1]++; if (length($3) > longest) longest = length($3) }
$3 ~ /^[aeiou]/ { vowels++ }
END {
  n = asorted(sum)
  for (i = 1; i <= n; i++) printf "%-4s %12.3f %6d\n", order[i], sum[order[i]], seen[order[i]]
  print "longest", longest, "vowels", vowels, substr("abcdef", 2, 3), index("abcdef", "de"), toupper("x")
  text = "a1b2"; gsub(/[0-9]/, "<&>", text); print text, sqrt(2), int(-3.7), exp(1), 2 ^ 10
}
function asorted(table,    key, i, j, hold, n) {
  for (key in table) order[++n] = key
  for (i = 2; i <= n; i++)
    for (j = i; j > 1 && order[j] < order[j - 1]; j--) { hold = order[j]; order[j] = order[j - 1]; order[j - 1] = hold }
  return n
}
