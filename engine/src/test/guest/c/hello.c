/* Greets, and shows that arguments, environment and working directory arrived. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char directory[4096];
  printf("hello, %s\n", getenv("GREETED") ? getenv("GREETED") : "world");
  for (int i = 1; i < argc; i++) printf("argument %d: %s\n", i, argv[i]);
  printf("directory: %s\n", getcwd(directory, sizeof directory) ? directory : "?");
  printf("%.3f %d %s\n", 2.0 / 3.0, -42, "done");
  fprintf(stderr, "and to the error stream\n");
  return argc > 1 ? 7 : 0;
}
