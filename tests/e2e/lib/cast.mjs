/** Who takes part in a test: each is closed at its end, in reverse order, and the first failure is told. */
export class Cast {
  #members = [];

  async add(member) {
    const one = await member;
    this.#members.push(one);
    return one;
  }

  async close() {
    let failure;
    for (const member of this.#members.reverse()) {
      await member.close().catch((error) => (failure ??= error));
    }
    this.#members = [];
    if (failure) throw failure;
  }
}

/** The cast of one test. */
export function castOf(t) {
  const cast = new Cast();
  t.after(() => cast.close());
  return cast;
}
