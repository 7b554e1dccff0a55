package org.capvm.libos.abi;

/** Resources of {@code getrlimit(2)}. */
public final class Resource {
  public static final int RLIMIT_CPU = 0;
  public static final int RLIMIT_FSIZE = 1;
  public static final int RLIMIT_DATA = 2;
  public static final int RLIMIT_STACK = 3;
  public static final int RLIMIT_CORE = 4;
  public static final int RLIMIT_RSS = 5;
  public static final int RLIMIT_NPROC = 6;
  public static final int RLIMIT_NOFILE = 7;
  public static final int RLIMIT_MEMLOCK = 8;
  public static final int RLIMIT_AS = 9;
  public static final int RLIMIT_LOCKS = 10;
  public static final int RLIMIT_SIGPENDING = 11;
  public static final int RLIMIT_MSGQUEUE = 12;
  public static final int RLIMIT_NICE = 13;
  public static final int RLIMIT_RTPRIO = 14;
  public static final int RLIMIT_RTTIME = 15;
  public static final int RLIMIT_COUNT = 16;
  public static final long RLIM_INFINITY = -1;

  private static final String[] NAMES =
      ("CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO"
              + " RTTIME")
          .split(" ");

  private Resource() {}

  /** {@code RLIMIT_CPU} and so on. */
  public static String name(int resource) {
    boolean known = resource >= 0 && resource < RLIMIT_COUNT;
    return known ? "RLIMIT_" + NAMES[resource] : Integer.toString(resource);
  }
}
