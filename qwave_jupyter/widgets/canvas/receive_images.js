// Images that are chosen, pasted or dropped: every control that takes some takes them alike.

const RESULT_TYPE = "application/x-qwave-image";

// `root` is the control, `dropClass` marks it while something is held over it. Returns what sends files that were chosen.
function receiveImages(root, model, dropClass) {
  const sendFiles = async (files) => {
    const taken = files.slice(0, model.get("room"));
    const isHeavy = (file) => file.size > model.get("max_bytes");
    const names = (some) => some.map((file) => file.name);
    sendChange(root, model, { files: { heavy: names(taken.filter(isHeavy)), beyond: names(files.slice(taken.length)) } });
    // Numbered before the first of them is read: a button that is pressed meanwhile waits for all.
    const numbered = taken.filter((one) => !isHeavy(one)).map((file) => ({ file, number: numberChange(root) }));
    for (const { file, number } of numbered) {
      let content = null;
      try {
        content = await file.arrayBuffer();
      } catch {
        // A folder, or a file that is gone by now.
        sendChange(root, model, { unreadable: file.name }, { number });
      }
      if (content) sendChange(root, model, { upload: file.name }, { number, buffers: [content] });
    }
  };

  root.addEventListener("paste", (event) => {
    const data = event.clipboardData;
    const target = event.composedPath()[0];
    const isField = target.matches?.("input:not([type=range]):not([type=color]), textarea");
    const files = [...data.files];
    // Office programs put an image of the text beside the text.
    const isText = data.getData("text/plain") && (!files.length || ["text/html", "text/rtf"].some((type) => data.types.includes(type)));
    if (isField && (isText || !files.length)) return;
    event.preventDefault();
    event.stopPropagation();
    if (files.length) sendFiles(files);
    else sendChange(root, model, { pasted: "" });
  });

  const isWanted = (event) => [...event.dataTransfer.types].some((type) => type === "Files" || type === RESULT_TYPE);
  root.addEventListener("dragover", (event) => {
    if (!isWanted(event)) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = "copy";
    root.classList.add(dropClass);
  });
  root.addEventListener("dragleave", (event) => { if (!root.contains(event.relatedTarget)) root.classList.remove(dropClass); });
  root.addEventListener("drop", (event) => {
    root.classList.remove(dropClass);
    if (!isWanted(event)) return;
    event.preventDefault();
    event.stopPropagation();
    // A result's file lies with the kernel: its path says more than the bytes that the browser has.
    const path = event.dataTransfer.getData(RESULT_TYPE);
    if (path) sendChange(root, model, { dropped: path });
    else sendFiles([...event.dataTransfer.files]);
  });
  return sendFiles;
}

// The lines that say why something wasn't taken.
function showNotes(element, model, lineClass) {
  const draw = () => element.replaceChildren(...model.get("notes").map((text) => {
    const line = document.createElement("div");
    line.className = lineClass;
    line.textContent = text;
    return line;
  }));
  model.on("change:notes", draw);
  draw();
  return () => model.off("change:notes", draw);
}
