// What is typed into a field goes out after a pause, even if an older value was drawn meanwhile; at the latest when the
// field is left, which is before a button does anything.
function watchTyped(input, send, milliseconds = 250) {
  let timer;
  let unsent = null;
  const drop = () => {
    clearTimeout(timer);
    unsent = null;
  };
  const flush = () => {
    const text = unsent;
    drop();
    if (text !== null) send(text);
  };
  input.addEventListener("input", () => {
    unsent = input.value;
    clearTimeout(timer);
    timer = setTimeout(flush, milliseconds);
  });
  input.addEventListener("change", flush);
  return { drop, flush };
}
