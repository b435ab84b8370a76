// Images that are chosen, pasted or dropped: every control that takes some takes them alike.

const RESULT_TYPE = "application/x-qwave-image";

// `root` is the control, `dropClass` marks it while something is held over it. Returns what sends files that were chosen.
function receiveImages(root, model, dropClass) {
  const sendFiles = async (files) => {
    const taken = files.slice(0, model.get("room"));
    const isHeavy = (file) => file.size > model.get("max_bytes");
    const names = (some) => some.map((file) => file.name);
    model.send({ files: { heavy: names(taken.filter(isHeavy)), beyond: names(files.slice(taken.length)) } });
    for (const file of taken.filter((one) => !isHeavy(one))) {
      let content = null;
      try {
        content = await file.arrayBuffer();
      } catch {
        // A folder, or a file that is gone by now.
        model.send({ unreadable: file.name });
      }
      if (content) model.send({ upload: file.name }, undefined, [content]);
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
    else model.send({ pasted: "" });
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
    if (path) model.send({ dropped: path });
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
