// Signs: a shape and a letter on a small canvas, so that no picture is fetched and kinds differ without colour.
const SIZE = 36;
const COLOURS = { green: "#197a4b", red: "#b80000", blue: "#0017c1", purple: "#5109ad", orange: "#a33a00", brown: "#604b00", grey: "#4d4d4d" };

const SHAPES = {
  square: (path) => path.roundRect(-11, -11, 22, 22, 5),
  round: (path) => path.arc(0, 0, 12, 0, 2 * Math.PI),
  diamond: (path) => {
    const turned = new Path2D();
    turned.roundRect(-10, -10, 20, 20, 3);
    path.addPath(turned, new DOMMatrix().rotate(45));
  },
  drop: (path) => path.addPath(new Path2D("M0 15-7.500 6.500A11 11 0 1 1 7.500 6.500z")),
};

export function addSigns(map, features) {
  for (const { properties } of features) {
    const { shape, colour, letter } = properties;
    properties.sign = `${shape} ${colour} ${letter}`;
    if (!map.hasImage(properties.sign)) map.addImage(properties.sign, draw(shape, colour, letter), { pixelRatio: 2 });
  }
}

function draw(shape, colour, letter) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE * 2;
  const pen = canvas.getContext("2d");
  pen.setTransform(2, 0, 0, 2, SIZE, SIZE);
  const path = new Path2D();
  (SHAPES[shape] ?? SHAPES.round)(path);
  pen.fillStyle = COLOURS[colour] ?? COLOURS.grey;
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 2.5;
  pen.stroke(path);
  pen.fill(path);
  pen.fillStyle = "#ffffff";
  pen.font = `700 13px ${getComputedStyle(document.documentElement).fontFamily}`;
  pen.textAlign = "center";
  pen.fillText(letter, 0, shape === "drop" ? 2.5 : 4.5);
  return pen.getImageData(0, 0, SIZE * 2, SIZE * 2);
}
