// Runs before anything else and uses nothing: an old Node must read it and say one sentence, not throw a syntax error.
var wanted = 20
var major = Number(process.versions.node.split('.')[0])
if (!(major >= wanted)) {
  console.error(
    'StakeCube needs Node ' +
      wanted +
      ' or newer to build and test; this is ' +
      process.version +
      '. ' +
      'Install a newer one (Debian: the nodejs package of a current release; elsewhere: your system\'s packages or a version manager such as nvm: "nvm install 20"), then run the command again.',
  )
  process.exit(1)
}
