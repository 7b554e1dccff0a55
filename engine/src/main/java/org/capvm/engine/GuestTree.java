package org.capvm.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.capvm.image.HostMount;
import org.capvm.image.RootFileSystem;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.Directory.Attributes;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.FileSystemContext;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.MountTable;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.file.content.ContentStore;
import org.capvm.libos.file.content.StorageQuota;
import org.capvm.libos.file.host.HostFileSystem;
import org.capvm.libos.file.host.HostFileSystem.Audience;
import org.capvm.libos.file.layer.LayeredFileSystem;
import org.capvm.libos.host.Hostcalls;

/** Builds the file tree that a configuration describes. */
final class GuestTree {
  private static final Attributes PUBLIC = new Attributes(0755, 0, 0);
  private static final Attributes PRIVATE = new Attributes(0700, 0, 0);
  private static final Attributes SHARED = new Attributes(01777, 0, 0);
  private static final String HOSTS = "/etc/hosts";
  private static final long SHARED_MEMORY_BYTES = 1L << 30;
  private static final long PRIVATE_LAYER_FILES = 1_000_000;

  /**
   * One file for so many bytes of the limit: a block, as where a file system has the most inodes.
   */
  private static final long BYTES_OF_A_FILE = 4096;

  private final LayeredFileSystem root;
  private final MountTable mounts;

  private GuestTree(RootFileSystem description, long diskLimitBytes) {
    ContentStore store = new ContentStore.Disk(privateDirectory());
    StorageQuota quota =
        new StorageQuota(
            diskLimitBytes, Math.min(PRIVATE_LAYER_FILES, diskLimitBytes / BYTES_OF_A_FILE));
    root =
        switch (description) {
          case RootFileSystem.System(List<String> names) -> systemRoot(names, store, quota);
          case RootFileSystem.Directory(Path hostPath) ->
              LayeredFileSystem.overlay(
                  List.of(open(hostPath, Audience.OWNER, true)), store, quota);
        };
    mounts = new MountTable(root, "overlay", false);
  }

  /**
   * Opens all that a configuration names.
   *
   * @param kernelFileSystems what the library OS itself provides, by guest path
   * @return the tree; whoever makes it closes it
   * @throws CvmConfigurationException if something named is not there
   */
  static MountTable build(
      CvmConfiguration configuration, Map<String, FileSystem> kernelFileSystems) {
    GuestTree tree = new GuestTree(configuration.rootFileSystem(), configuration.diskLimitBytes());
    try {
      tree.makeUsualDirectories();
      kernelFileSystems.forEach(
          (path, fileSystem) -> {
            String type = fileSystem.typeName();
            tree.mounts.mount(fileSystem, tree.directory(path), type, false);
          });
      tree.mountSharedMemory();
      tree.namePeers(configuration.links());
      for (HostMount mount : configuration.mounts()) {
        tree.mount(mount);
      }
      for (Link link : configuration.links()) {
        if (link instanceof Link.Unix unix && unix.name().startsWith("/")) {
          tree.directory(unix.name().substring(0, unix.name().lastIndexOf('/')));
        }
      }
      return tree.mounts;
    } catch (RuntimeException failure) {
      tree.mounts.close();
      throw failure;
    }
  }

  /** What is mounted over the file later, of the host's, is left as it is. */
  private void namePeers(List<Link> links) {
    List<String> peers =
        links.stream().filter(Link.Tcp.class::isInstance).map(Link::peer).distinct().toList();
    if (peers.isEmpty()) {
      return;
    }
    try {
      HostsFile.name(Caller.system(new FileSystemContext(mounts)), file(HOSTS), peers);
    } catch (ErrnoException refusal) {
      throw new CvmConfigurationException(HOSTS + ": " + Errno.message(refusal.errno()), refusal);
    }
  }

  private void mountSharedMemory() {
    LayeredFileSystem shared =
        LayeredFileSystem.tmpfs(
            new ContentStore.Memory("cvm-shm"),
            new StorageQuota(SHARED_MEMORY_BYTES, PRIVATE_LAYER_FILES),
            SHARED.mode());
    mounts.mount(shared, directory("/dev/shm"), "tmpfs", false);
  }

  /** Where the private layer keeps its files' contents, which never have a name there. */
  private static int privateDirectory() {
    String directory = System.getProperty("java.io.tmpdir");
    long descriptor = Hostcalls.openRoot(directory);
    if (descriptor < 0) {
      throw new CvmConfigurationException(
          directory + ": " + Errno.message((int) -descriptor) + " (set java.io.tmpdir)",
          ErrnoException.of((int) -descriptor));
    }
    return (int) descriptor;
  }

  private static LayeredFileSystem systemRoot(
      List<String> names, ContentStore store, StorageQuota quota) {
    LayeredFileSystem root = LayeredFileSystem.overlay(List.of(), store, quota);
    for (String name : names) {
      Path hostPath = Path.of("/", name);
      if (Files.isSymbolicLink(hostPath)) {
        root.root().createSymbolicLink(name, targetOf(hostPath), PUBLIC);
      } else if (Files.isDirectory(hostPath, LinkOption.NOFOLLOW_LINKS)) {
        root.addToRoot(name, open(hostPath, Audience.EVERYONE, true));
      }
    }
    return root;
  }

  private static String targetOf(Path link) {
    try {
      return bytes(Files.readSymbolicLink(link).toString());
    } catch (IOException failure) {
      throw new CvmConfigurationException("cannot read the link " + link, failure);
    }
  }

  private static HostFileSystem open(Path hostPath, Audience audience, boolean stable) {
    try {
      return HostFileSystem.open(hostPath.toString(), audience, stable);
    } catch (ErrnoException failure) {
      throw new CvmConfigurationException(
          hostPath + ": " + Errno.message(failure.errno()), failure);
    }
  }

  private void makeUsualDirectories() {
    for (String name : List.of("dev", "home", "mnt", "proc", "run", "srv", "sys", "var")) {
      ensure(root.root(), name, PUBLIC);
    }
    ensure(root.root(), "root", PRIVATE);
    ensure(root.root(), "tmp", SHARED);
    Directory var = (Directory) root.root().lookup(null, "var");
    ensure(var, "tmp", SHARED);
    for (String name : List.of("cache", "lib", "log", "spool")) {
      ensure(var, name, PUBLIC);
    }
  }

  private static void ensure(Directory parent, String name, Attributes attributes) {
    if (parent.lookup(null, name) == null) {
      parent.createDirectory(name, attributes);
    }
  }

  private void mount(HostMount mount) {
    HostFileSystem files = open(mount.hostPath(), Audience.OWNER, false);
    try {
      Location point =
          files.root().isDirectory() ? directory(mount.guestPath()) : file(mount.guestPath());
      mounts.mount(files, point, mount.hostPath().toString(), !mount.writable());
    } catch (RuntimeException failure) {
      files.close();
      if (failure instanceof ErrnoException refusal) {
        throw new CvmConfigurationException(
            mount.guestPath() + ": " + Errno.message(refusal.errno()), refusal);
      }
      throw failure;
    }
  }

  /** A directory of the tree, made with its parents if it is not there. */
  private Location directory(String guestPath) {
    Location at = mounts.root();
    for (String name : bytes(guestPath).split("/", -1)) {
      if (!name.isEmpty()) {
        at = child(at, name, true);
      }
    }
    return at;
  }

  private Location file(String guestPath) {
    String path = bytes(guestPath);
    int slash = path.lastIndexOf('/');
    return child(
        directory(guestPath.substring(0, guestPath.lastIndexOf('/'))),
        path.substring(slash + 1),
        false);
  }

  private Location child(Location parent, String name, boolean asDirectory) {
    Caller caller = Caller.system(new FileSystemContext(mounts));
    Inode there = parent.directory().lookup(caller, name);
    if (there == null) {
      if (asDirectory) {
        parent.directory().createDirectory(name, PUBLIC);
      } else {
        parent.directory().createFile(name, new Attributes(0644, 0, 0));
      }
    }
    return PathWalk.find(caller, parent, name, true);
  }

  /** Guest paths inside the library OS have one character for every byte. */
  static String bytes(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }
}
