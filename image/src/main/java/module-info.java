/** Root file systems: host directories, OCI images and overlays. */
module org.capvm.image {}
