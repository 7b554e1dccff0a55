/** What the file trees of cVMs are made of: host directories and root file systems. */
module org.capvm.image {
  exports org.capvm.image;
}
